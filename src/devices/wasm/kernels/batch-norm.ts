import type {
  BatchNormApplyAttrs,
  BatchNormAttrs,
  BatchNormBackwardAttrs,
  BatchNormInferenceAttrs,
  BatchNormInferenceBackwardAttrs,
  FusedActivation,
} from '../../../ops/batch-norm.js';
import { size } from '../../../tensor/shape.js';
import { at, type Operand, type Value } from '../../device.js';
import { call, type WasmCall, type WasmKernel, type WasmLower, withRole } from '../kernel.js';
import { imagesOf } from '../sections.js';

export const batchNormStatisticsKernel = {
  name: 'batchNormStatistics',
  fields: { x: 'ptr', partials: 'ptr', rows: 'i32', channels: 'i32', chunkRows: 'i32' },
} as const satisfies WasmKernel;

export const batchNormFinishKernel = {
  name: 'batchNormFinish',
  fields: {
    partials: 'ptr',
    gamma: 'ptr',
    beta: 'ptr',
    runningMeanIn: 'ptr',
    runningVarIn: 'ptr',
    mean: 'ptr',
    rstd: 'ptr',
    coefficients: 'ptr',
    runningMean: 'ptr',
    runningVar: 'ptr',
    rows: 'i32',
    channels: 'i32',
    chunkRows: 'i32',
    eps: 'f32',
    momentum: 'f32',
  },
} as const satisfies WasmKernel;

export const batchNormCoefficientsKernel = {
  name: 'batchNormCoefficients',
  fields: { mean: 'ptr', rstd: 'ptr', gamma: 'ptr', beta: 'ptr', coefficients: 'ptr', channels: 'i32' },
} as const satisfies WasmKernel;

export const batchNormInferenceCoefficientsKernel = {
  name: 'batchNormInferenceCoefficients',
  fields: {
    mean: 'ptr',
    variance: 'ptr',
    gamma: 'ptr',
    beta: 'ptr',
    rstd: 'ptr',
    coefficients: 'ptr',
    channels: 'i32',
    eps: 'f32',
  },
} as const satisfies WasmKernel;

export const batchNormApplyKernel = {
  name: 'batchNormApply',
  fields: {
    x: 'ptr',
    coefficients: 'ptr',
    y: 'ptr',
    rows: 'i32',
    channels: 'i32',
    activation: 'i32',
  },
} as const satisfies WasmKernel;

export const batchNormBackwardSumsKernel = {
  name: 'batchNormBackwardSums',
  fields: {
    x: 'ptr',
    dy: 'ptr',
    coefficients: 'ptr',
    partials: 'ptr',
    rows: 'i32',
    channels: 'i32',
    chunkRows: 'i32',
    activation: 'i32',
  },
} as const satisfies WasmKernel;

export const batchNormBackwardFinishKernel = {
  name: 'batchNormBackwardFinish',
  fields: {
    partials: 'ptr',
    gamma: 'ptr',
    rstd: 'ptr',
    dgamma: 'ptr',
    dbeta: 'ptr',
    coefficients: 'ptr',
    rows: 'i32',
    channels: 'i32',
    chunkRows: 'i32',
    training: 'i32',
  },
} as const satisfies WasmKernel;

export const batchNormBackwardApplyKernel = {
  name: 'batchNormBackwardApply',
  fields: {
    x: 'ptr',
    dy: 'ptr',
    coefficients: 'ptr',
    dx: 'ptr',
    rows: 'i32',
    channels: 'i32',
    activation: 'i32',
  },
} as const satisfies WasmKernel;

const F32_BYTES = 4;
const LANES = 4;
const VECTOR_BYTES = LANES * F32_BYTES;
/** Vectors that are kept for 4 channels, as in the kernels: coefficients, and partial sums of a chunk. */
const COEFFICIENTS = 5;
const FORWARD_SUMS = 3;
const BACKWARD_SUMS = 2;

/** The workspace starts with them. */
const coefficients = at('workspace');

/** Numbers of assembly/kernels/clamp.ts. */
export const activations: Record<FusedActivation, number> = { none: 0, relu: 1, relu6: 2 };

/**
 * x as rows of channels, cut into chunks of about 64 KB, which is what makes the order of sums fixed: images in equal
 * parts where that is possible, so that sections can take the sums along.
 */
function geometry(x: Value) {
  const [images, channels] = x.shape;
  const rows = size(x.shape) / channels;
  const wanted = Math.max(Math.min(Math.max(32, 16384 / channels), 512), rows / 1024);
  const chunkRows = divisorNear(rows / images, wanted) ?? Math.ceil(wanted / 8) * 8;
  /** Bytes of one vector for every 4 channels. */
  const line = Math.ceil(channels / LANES) * VECTOR_BYTES;
  return { images, channels, rows, chunkRows, chunks: Math.ceil(rows / chunkRows), line };
}

/** The largest divisor of `count` from half of `wanted` to twice as much. */
function divisorNear(count: number, wanted: number): number | undefined {
  for (let parts = Math.max(1, Math.ceil(count / (2 * wanted))); count / parts >= wanted / 2; parts++) {
    if (count % parts === 0) return count / parts;
  }
  return undefined;
}

/** Makes parts of sections of calls that go over the rows of `tensors`, or over chunks of them. */
function perImage(tensors: readonly Value[], threads: number) {
  const { images, rows, chunks } = geometry(tensors[0]);
  const whole = rows / images;
  return {
    rows: (made: WasmCall) => withRole(made, imagesOf(tensors, whole, threads)),
    chunks: (made: WasmCall) => withRole(made, imagesOf(tensors, chunks / images, threads)),
  };
}

export const lowerBatchNorm: WasmLower<BatchNormAttrs> = ({ inputs, outputs, attrs }, { threads }) => {
  const [x, gamma, beta, runningMeanIn, runningVarIn] = inputs.map((value) => at(value));
  const [y, mean, rstd, runningMean, runningVar] = outputs.map((value) => at(value));
  const { rows, channels, chunkRows, chunks, line } = geometry(inputs[0]);
  const { eps, momentum } = attrs;
  const partials = at('workspace', COEFFICIENTS * line);
  const activation = activations[attrs.activation];
  const parts = perImage([inputs[0], outputs[0]], threads);
  const running = { runningMeanIn, runningVarIn, runningMean, runningVar };
  return {
    workspace: (COEFFICIENTS + chunks * FORWARD_SUMS) * line,
    calls: [
      parts.chunks(call(batchNormStatisticsKernel, { x, partials, rows, channels, chunkRows })),
      call(batchNormFinishKernel, {
        ...{ partials, gamma, beta, mean, rstd, coefficients, ...running },
        ...{ rows, channels, chunkRows, eps, momentum },
      }),
      parts.rows(call(batchNormApplyKernel, { x, coefficients, y, rows, channels, activation })),
    ],
  };
};

export const lowerBatchNormApply: WasmLower<BatchNormApplyAttrs> = ({ inputs, outputs, attrs }, { threads }) => {
  const [x, gamma, beta, mean, rstd] = inputs.map((value) => at(value));
  const { rows, channels, line } = geometry(inputs[0]);
  const y = at(outputs[0]);
  const activation = activations[attrs.activation];
  const parts = perImage([inputs[0], outputs[0]], threads);
  return {
    workspace: COEFFICIENTS * line,
    calls: [
      withRole(call(batchNormCoefficientsKernel, { mean, rstd, gamma, beta, coefficients, channels }), 'before'),
      parts.rows(call(batchNormApplyKernel, { x, coefficients, y, rows, channels, activation })),
    ],
  };
};

export const lowerBatchNormInference: WasmLower<BatchNormInferenceAttrs> = (
  { inputs, outputs, attrs },
  { threads },
) => {
  const [x, gamma, beta, mean, variance] = inputs.map((value) => at(value));
  const { rows, channels, line } = geometry(inputs[0]);
  const rstd = at('workspace', COEFFICIENTS * line);
  const y = at(outputs[0]);
  const activation = activations[attrs.activation];
  const parts = perImage([inputs[0], outputs[0]], threads);
  return {
    workspace: (COEFFICIENTS + 1) * line,
    calls: [
      withRole(
        call(batchNormInferenceCoefficientsKernel, {
          ...{ mean, variance, gamma, beta, rstd, coefficients },
          ...{ channels, eps: attrs.eps },
        }),
        'before',
      ),
      parts.rows(call(batchNormApplyKernel, { x, coefficients, y, rows, channels, activation })),
    ],
  };
};

interface Backward {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly rstd: Operand;
  readonly activation: FusedActivation;
  readonly training: boolean;
  readonly threads: number;
  /** Where partial sums may start in the workspace; the coefficients are before them. */
  readonly used: number;
}

/** From the coefficients on: both sums, what dx needs of them, dx. */
function backward(node: Backward): { calls: WasmCall[]; workspace: number } {
  const { rstd, used, training, threads } = node;
  const [x, dy, gamma] = node.inputs.map((value) => at(value));
  const [dx, dgamma, dbeta] = node.outputs.map((value) => at(value));
  const { rows, channels, chunkRows, chunks, line } = geometry(node.inputs[0]);
  const partials = at('workspace', used);
  const parts = perImage([node.inputs[0], node.inputs[1], node.outputs[0]], threads);
  const activation = activations[node.activation];
  return {
    workspace: used + chunks * BACKWARD_SUMS * line,
    calls: [
      parts.chunks(
        call(batchNormBackwardSumsKernel, { x, dy, coefficients, partials, rows, channels, chunkRows, activation }),
      ),
      call(batchNormBackwardFinishKernel, {
        ...{ partials, gamma, rstd, dgamma, dbeta, coefficients },
        ...{ rows, channels, chunkRows, training: Number(training) },
      }),
      parts.rows(call(batchNormBackwardApplyKernel, { x, dy, coefficients, dx, rows, channels, activation })),
    ],
  };
}

export const lowerBatchNormBackward: WasmLower<BatchNormBackwardAttrs> = ({ inputs, outputs, attrs }, { threads }) => {
  const { channels, line } = geometry(inputs[0]);
  const [, , gamma, beta, mean, rstd] = inputs.map((value) => at(value));
  const first = call(batchNormCoefficientsKernel, { mean, rstd, gamma, beta, coefficients, channels });
  const { activation } = attrs;
  const rest = backward({ inputs, outputs, rstd, activation, training: true, threads, used: COEFFICIENTS * line });
  return { workspace: rest.workspace, calls: [withRole(first, 'before'), ...rest.calls] };
};

export const lowerBatchNormInferenceBackward: WasmLower<BatchNormInferenceBackwardAttrs> = (node, { threads }) => {
  const { inputs, outputs, attrs } = node;
  const { channels, line } = geometry(inputs[0]);
  const [, , gamma, beta, mean, variance] = inputs.map((value) => at(value));
  const rstd = at('workspace', COEFFICIENTS * line);
  const first = call(batchNormInferenceCoefficientsKernel, {
    ...{ mean, variance, gamma, beta, rstd, coefficients },
    ...{ channels, eps: attrs.eps },
  });
  const { activation } = attrs;
  const used = (COEFFICIENTS + 1) * line;
  const rest = backward({ inputs, outputs, rstd, activation, training: false, threads, used });
  return { workspace: rest.workspace, calls: [withRole(first, 'before'), ...rest.calls] };
};
