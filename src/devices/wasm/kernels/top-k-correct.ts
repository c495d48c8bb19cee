import type { TopKCorrectAttrs } from '../../../ops/top-k-correct.js';
import { at } from '../../device.js';
import { Constants } from '../constants.js';
import { call, type WasmKernel, type WasmLower } from '../kernel.js';

export const topKCorrectKernel = {
  name: 'topKCorrect',
  fields: {
    logits: 'ptr',
    target: 'ptr',
    k: 'ptr',
    partials: 'ptr',
    rows: 'i32',
    classes: 'i32',
    limits: 'i32',
    ignoreIndex: 'i32',
  },
} as const satisfies WasmKernel;

export const topKCorrectFinishKernel = {
  name: 'topKCorrectFinish',
  fields: { partials: 'ptr', counts: 'ptr', limits: 'i32' },
} as const satisfies WasmKernel;

const I32_BYTES = 4;

export const lowerTopKCorrect: WasmLower<TopKCorrectAttrs> = ({ inputs, outputs: [counts], attrs }, { threads }) => {
  const [logits, target] = inputs;
  const constants = new Constants();
  const [rows, classes] = logits.shape;
  const limits = attrs.k.length;
  const partials = at('workspace');
  return {
    workspace: threads * limits * I32_BYTES,
    calls: [
      call(topKCorrectKernel, {
        logits: at(logits),
        target: at(target),
        k: constants.add(Int32Array.from(attrs.k)),
        partials,
        rows,
        classes,
        limits,
        ignoreIndex: attrs.ignoreIndex,
      }),
      call(topKCorrectFinishKernel, { partials, counts: at(counts), limits }),
    ],
    constants: constants.bytes,
  };
};
