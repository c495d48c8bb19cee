import type { CrossEntropyAttrs, CrossEntropyBackwardAttrs } from '../../../ops/cross-entropy.js';
import { DeviceError } from '../../../utils/errors.js';
import { at, type Value } from '../../device.js';
import { aroundAxis } from '../axis.js';
import { call, type WasmCall, type WasmKernel, type WasmLower } from '../kernel.js';

export const crossEntropyKernel = {
  name: 'crossEntropy',
  fields: {
    logits: 'ptr',
    target: 'ptr',
    weight: 'ptr',
    lse: 'ptr',
    partials: 'ptr',
    rows: 'i32',
    classes: 'i32',
    inner: 'i32',
    soft: 'i32',
    ignoreIndex: 'i32',
    smoothing: 'f32',
    chunk: 'i32',
  },
} as const satisfies WasmKernel;

export const crossEntropyFinishKernel = {
  name: 'crossEntropyFinish',
  fields: { partials: 'ptr', loss: 'ptr', chunks: 'i32', mean: 'i32' },
} as const satisfies WasmKernel;

export const crossEntropyWeightsKernel = {
  name: 'crossEntropyWeights',
  fields: {
    target: 'ptr',
    weight: 'ptr',
    partials: 'ptr',
    rows: 'i32',
    classes: 'i32',
    ignoreIndex: 'i32',
    chunk: 'i32',
  },
} as const satisfies WasmKernel;

export const crossEntropyBackwardKernel = {
  name: 'crossEntropyBackward',
  fields: {
    logits: 'ptr',
    target: 'ptr',
    weight: 'ptr',
    lse: 'ptr',
    dloss: 'ptr',
    partials: 'ptr',
    dlogits: 'ptr',
    rows: 'i32',
    classes: 'i32',
    inner: 'i32',
    soft: 'i32',
    ignoreIndex: 'i32',
    smoothing: 'f32',
    chunks: 'i32',
    divisor: 'f32',
  },
} as const satisfies WasmKernel;

const F64_BYTES = 8;

/** Rows summed at once: fixed, so that the loss does not depend on the number of threads. */
const CHUNK = 64;

/** Rows of class scores, in the order in which targets of rank r - 1 lie. */
function geometry(logits: Value, target: Value, lse: Value) {
  const { outer, count: classes, inner } = aroundAxis(logits, 1);
  const order = logits.layout.filter((axis) => axis !== 1).map((axis) => (axis > 1 ? axis - 1 : axis));
  if (lse.layout.join() !== order.join()) {
    throw new DeviceError(
      `crossEntropy: logits [${logits.shape}] in layout [${logits.layout}] do not match targets in layout [${lse.layout}]`,
      'reshape the logits to [N,C,positions]',
    );
  }
  const rows = outer * inner;
  return { rows, classes, inner, soft: Number(target.dtype === 'f32'), chunks: Math.ceil(rows / CHUNK) };
}

export const lowerCrossEntropy: WasmLower<CrossEntropyAttrs> = ({ inputs, outputs: [loss, lse], attrs }) => {
  const [logits, target, weight] = inputs;
  const { chunks, ...shape } = geometry(logits, target, lse);
  const partials = at('workspace');
  return {
    workspace: chunks * 2 * F64_BYTES,
    calls: [
      call(crossEntropyKernel, {
        logits: at(logits),
        target: at(target),
        weight: weight ? at(weight) : null,
        lse: at(lse),
        partials,
        ...shape,
        ignoreIndex: attrs.ignoreIndex,
        smoothing: attrs.labelSmoothing,
        chunk: CHUNK,
      }),
      call(crossEntropyFinishKernel, { partials, loss: at(loss), chunks, mean: Number(attrs.reduction === 'mean') }),
    ],
  };
};

export const lowerCrossEntropyBackward: WasmLower<CrossEntropyBackwardAttrs> = (node) => {
  const { inputs, attrs } = node;
  const [logits, target] = inputs;
  const weight = attrs.weighted ? at(inputs[2]) : null;
  const [lse, dloss] = inputs.slice(-2);
  const { chunks, ...shape } = geometry(logits, target, lse);
  const { rows, classes } = shape;
  const { ignoreIndex } = attrs;
  const mean = attrs.reduction === 'mean';
  const counts = mean && !shape.soft;
  const partials = counts ? at('workspace') : null;
  const calls: WasmCall[] = [];
  if (counts) {
    const operands = { target: at(target), weight, partials };
    calls.push(call(crossEntropyWeightsKernel, { ...operands, rows, classes, ignoreIndex, chunk: CHUNK }));
  }
  calls.push(
    call(crossEntropyBackwardKernel, {
      logits: at(logits),
      target: at(target),
      weight,
      lse: at(lse),
      dloss: at(dloss),
      partials,
      dlogits: at(node.outputs[0]),
      ...shape,
      ignoreIndex,
      smoothing: attrs.labelSmoothing,
      chunks,
      divisor: mean ? rows : 1,
    }),
  );
  return { workspace: counts ? chunks * F64_BYTES : 0, calls };
};
