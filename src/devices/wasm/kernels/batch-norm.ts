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
import { call, type WasmCall, type WasmKernel, type WasmLower } from '../kernel.js';

export const batchNormStatisticsKernel = {
  name: 'batchNormStatistics',
  fields: { x: 'ptr', partials: 'ptr', rows: 'i32', channels: 'i32', chunkRows: 'i32' },
} as const satisfies WasmKernel;

export const batchNormFinishKernel = {
  name: 'batchNormFinish',
  fields: {
    partials: 'ptr',
    gamma: 'ptr',
    runningMeanIn: 'ptr',
    runningVarIn: 'ptr',
    mean: 'ptr',
    rstd: 'ptr',
    scale: 'ptr',
    runningMean: 'ptr',
    runningVar: 'ptr',
    rows: 'i32',
    channels: 'i32',
    chunkRows: 'i32',
    eps: 'f32',
    momentum: 'f32',
  },
} as const satisfies WasmKernel;

export const batchNormInferenceScaleKernel = {
  name: 'batchNormInferenceScale',
  fields: { variance: 'ptr', gamma: 'ptr', rstd: 'ptr', scale: 'ptr', channels: 'i32', eps: 'f32' },
} as const satisfies WasmKernel;

export const batchNormApplyKernel = {
  name: 'batchNormApply',
  fields: {
    x: 'ptr',
    mean: 'ptr',
    scale: 'ptr',
    beta: 'ptr',
    y: 'ptr',
    rows: 'i32',
    channels: 'i32',
    activation: 'i32',
  },
} as const satisfies WasmKernel;

export const batchNormScaleKernel = {
  name: 'batchNormScale',
  fields: { gamma: 'ptr', rstd: 'ptr', scale: 'ptr', channels: 'i32' },
} as const satisfies WasmKernel;

export const batchNormBackwardSumsKernel = {
  name: 'batchNormBackwardSums',
  fields: {
    x: 'ptr',
    dy: 'ptr',
    mean: 'ptr',
    scale: 'ptr',
    beta: 'ptr',
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
    mean: 'ptr',
    scale: 'ptr',
    beta: 'ptr',
    coefficients: 'ptr',
    dx: 'ptr',
    rows: 'i32',
    channels: 'i32',
    activation: 'i32',
  },
} as const satisfies WasmKernel;

const F32_BYTES = 4;
const LANES = 4;

const activations: Record<FusedActivation, number> = { none: 0, relu: 1, relu6: 2 };

/** x as rows of channels, cut into chunks of about 64 KB, which is what makes the order of sums fixed. */
function geometry(x: Value) {
  const channels = x.shape[1];
  const rows = size(x.shape) / channels;
  const wanted = Math.min(Math.max(32, 16384 / channels), 512);
  const chunkRows = Math.ceil(Math.max(wanted, rows / 1024) / 8) * 8;
  /** Bytes of a row of partial sums, whole vectors. */
  const line = Math.ceil(channels / LANES) * LANES * F32_BYTES;
  return { channels, rows, chunkRows, chunks: Math.ceil(rows / chunkRows), line };
}

export const lowerBatchNorm: WasmLower<BatchNormAttrs> = ({ inputs, outputs, attrs }) => {
  const [x, gamma, beta, runningMeanIn, runningVarIn] = inputs.map((value) => at(value));
  const [y, mean, rstd, runningMean, runningVar] = outputs.map((value) => at(value));
  const { rows, channels, chunkRows, chunks, line } = geometry(inputs[0]);
  const { eps, momentum } = attrs;
  const activation = activations[attrs.activation];
  const scale = at('workspace');
  const partials = at('workspace', line);
  const running = { runningMeanIn, runningVarIn, runningMean, runningVar };
  return {
    workspace: line + chunks * 3 * line,
    calls: [
      call(batchNormStatisticsKernel, { x, partials, rows, channels, chunkRows }),
      call(batchNormFinishKernel, {
        ...{ partials, gamma, mean, rstd, scale, ...running },
        ...{ rows, channels, chunkRows, eps, momentum },
      }),
      call(batchNormApplyKernel, { x, mean, scale, beta, y, rows, channels, activation }),
    ],
  };
};

export const lowerBatchNormApply: WasmLower<BatchNormApplyAttrs> = ({ inputs, outputs, attrs }) => {
  const [x, gamma, beta, mean, rstd] = inputs.map((value) => at(value));
  const { rows, channels, line } = geometry(inputs[0]);
  const scale = at('workspace');
  const activation = activations[attrs.activation];
  return {
    workspace: line,
    calls: [
      call(batchNormScaleKernel, { gamma, rstd, scale, channels }),
      call(batchNormApplyKernel, { x, mean, scale, beta, y: at(outputs[0]), rows, channels, activation }),
    ],
  };
};

export const lowerBatchNormInference: WasmLower<BatchNormInferenceAttrs> = ({ inputs, outputs, attrs }) => {
  const [x, gamma, beta, mean, variance] = inputs.map((value) => at(value));
  const { rows, channels, line } = geometry(inputs[0]);
  const scale = at('workspace');
  const rstd = at('workspace', line);
  const activation = activations[attrs.activation];
  return {
    workspace: 2 * line,
    calls: [
      call(batchNormInferenceScaleKernel, { variance, gamma, rstd, scale, channels, eps: attrs.eps }),
      call(batchNormApplyKernel, { x, mean, scale, beta, y: at(outputs[0]), rows, channels, activation }),
    ],
  };
};

interface Backward {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly rstd: Operand;
  readonly scale: Operand;
  readonly activation: FusedActivation;
  readonly training: boolean;
  /** Bytes of the workspace that are taken. */
  readonly used: number;
}

/** From the scale on: both sums, what dx needs of them, dx. */
function backward(node: Backward): { calls: WasmCall[]; workspace: number } {
  const { rstd, scale, used, training } = node;
  const [x, dy, gamma, beta, mean] = node.inputs.map((value) => at(value));
  const [dx, dgamma, dbeta] = node.outputs.map((value) => at(value));
  const { rows, channels, chunkRows, chunks, line } = geometry(node.inputs[0]);
  const coefficients = at('workspace', used);
  const partials = at('workspace', used + 2 * line);
  const activation = activations[node.activation];
  return {
    workspace: used + 2 * line + chunks * 2 * line,
    calls: [
      call(batchNormBackwardSumsKernel, {
        ...{ x, dy, mean, scale, beta, partials },
        ...{ rows, channels, chunkRows, activation },
      }),
      call(batchNormBackwardFinishKernel, {
        ...{ partials, gamma, rstd, dgamma, dbeta, coefficients },
        ...{ rows, channels, chunkRows, training: Number(training) },
      }),
      call(batchNormBackwardApplyKernel, {
        ...{ x, dy, mean, scale, beta, coefficients, dx },
        ...{ rows, channels, activation },
      }),
    ],
  };
}

export const lowerBatchNormBackward: WasmLower<BatchNormBackwardAttrs> = ({ inputs, outputs, attrs }) => {
  const { channels, line } = geometry(inputs[0]);
  const rstd = at(inputs[5]);
  const scale = at('workspace');
  const first = call(batchNormScaleKernel, { gamma: at(inputs[2]), rstd, scale, channels });
  const { activation } = attrs;
  const { calls, workspace } = backward({ inputs, outputs, rstd, scale, activation, training: true, used: line });
  return { workspace, calls: [first, ...calls] };
};

export const lowerBatchNormInferenceBackward: WasmLower<BatchNormInferenceBackwardAttrs> = (node) => {
  const { inputs, outputs, attrs } = node;
  const { channels, line } = geometry(inputs[0]);
  const scale = at('workspace');
  const rstd = at('workspace', line);
  const first = call(batchNormInferenceScaleKernel, {
    ...{ variance: at(inputs[5]), gamma: at(inputs[2]) },
    ...{ rstd, scale, channels, eps: attrs.eps },
  });
  const { activation } = attrs;
  const rest = backward({ inputs, outputs, rstd, scale, activation, training: false, used: 2 * line });
  return { workspace: rest.workspace, calls: [first, ...rest.calls] };
};
