import type {
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
    runningMeanIn: 'ptr',
    runningVarIn: 'ptr',
    mean: 'ptr',
    rstd: 'ptr',
    runningMean: 'ptr',
    runningVar: 'ptr',
    rows: 'i32',
    channels: 'i32',
    chunkRows: 'i32',
    eps: 'f32',
    momentum: 'f32',
  },
} as const satisfies WasmKernel;

export const batchNormRstdKernel = {
  name: 'batchNormRstd',
  fields: { variance: 'ptr', rstd: 'ptr', channels: 'i32', eps: 'f32' },
} as const satisfies WasmKernel;

export const batchNormApplyKernel = {
  name: 'batchNormApply',
  fields: {
    x: 'ptr',
    gamma: 'ptr',
    beta: 'ptr',
    mean: 'ptr',
    rstd: 'ptr',
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
    gamma: 'ptr',
    beta: 'ptr',
    mean: 'ptr',
    rstd: 'ptr',
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
    gamma: 'ptr',
    beta: 'ptr',
    mean: 'ptr',
    rstd: 'ptr',
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
  const [x, gamma, beta, runningMeanIn, runningVarIn] = inputs;
  const [y, mean, rstd, runningMean, runningVar] = outputs;
  const { rows, channels, chunkRows, chunks, line } = geometry(x);
  const partials = at('workspace');
  return {
    workspace: chunks * 3 * line,
    calls: [
      call(batchNormStatisticsKernel, { x: at(x), partials, rows, channels, chunkRows }),
      call(batchNormFinishKernel, {
        partials,
        runningMeanIn: at(runningMeanIn),
        runningVarIn: at(runningVarIn),
        mean: at(mean),
        rstd: at(rstd),
        runningMean: at(runningMean),
        runningVar: at(runningVar),
        rows,
        channels,
        chunkRows,
        eps: attrs.eps,
        momentum: attrs.momentum,
      }),
      call(batchNormApplyKernel, {
        x: at(x),
        gamma: at(gamma),
        beta: at(beta),
        mean: at(mean),
        rstd: at(rstd),
        y: at(y),
        rows,
        channels,
        activation: activations[attrs.activation],
      }),
    ],
  };
};

export const lowerBatchNormInference: WasmLower<BatchNormInferenceAttrs> = ({ inputs, outputs: [y], attrs }) => {
  const [x, gamma, beta, mean, variance] = inputs;
  const { rows, channels, line } = geometry(x);
  const rstd = at('workspace');
  return {
    workspace: line,
    calls: [
      call(batchNormRstdKernel, { variance: at(variance), rstd, channels, eps: attrs.eps }),
      call(batchNormApplyKernel, {
        x: at(x),
        gamma: at(gamma),
        beta: at(beta),
        mean: at(mean),
        rstd,
        y: at(y),
        rows,
        channels,
        activation: activations[attrs.activation],
      }),
    ],
  };
};

interface Backward {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly rstd: Operand;
  readonly activation: FusedActivation;
  readonly training: boolean;
  /** Bytes of the workspace that are taken. */
  readonly used: number;
}

function backwardCalls({ inputs, outputs, rstd, activation, training, used }: Backward): {
  calls: WasmCall[];
  workspace: number;
} {
  const [x, dy, gamma, beta, mean] = inputs.map((value) => at(value));
  const [dx, dgamma, dbeta] = outputs.map((value) => at(value));
  const { rows, channels, chunkRows, chunks, line } = geometry(inputs[0]);
  const coefficients = at('workspace', used);
  const partials = at('workspace', used + 2 * line);
  const kind = activations[activation];
  return {
    workspace: used + 2 * line + chunks * 2 * line,
    calls: [
      call(batchNormBackwardSumsKernel, {
        ...{ x, dy, gamma, beta, mean, rstd, partials },
        ...{ rows, channels, chunkRows, activation: kind },
      }),
      call(batchNormBackwardFinishKernel, {
        ...{ partials, gamma, rstd, dgamma, dbeta, coefficients },
        ...{ rows, channels, chunkRows, training: Number(training) },
      }),
      call(batchNormBackwardApplyKernel, {
        ...{ x, dy, gamma, beta, mean, rstd, coefficients, dx },
        ...{ rows, channels, activation: kind },
      }),
    ],
  };
}

export const lowerBatchNormBackward: WasmLower<BatchNormBackwardAttrs> = ({ inputs, outputs, attrs }) =>
  backwardCalls({
    inputs,
    outputs,
    rstd: at(inputs[5]),
    activation: attrs.activation,
    training: true,
    used: 0,
  });

export const lowerBatchNormInferenceBackward: WasmLower<BatchNormInferenceBackwardAttrs> = (node) => {
  const { inputs, outputs, attrs } = node;
  const { channels, line } = geometry(inputs[0]);
  const rstd = at('workspace');
  const rest = backwardCalls({ inputs, outputs, rstd, activation: attrs.activation, training: false, used: line });
  const first = call(batchNormRstdKernel, { variance: at(inputs[5]), rstd, channels, eps: attrs.eps });
  return { ...rest, calls: [first, ...rest.calls] };
};
