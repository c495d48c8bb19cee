import type { GlobalNormAttrs } from '../../../ops/global-norm.js';
import { at } from '../../device.js';
import { Constants } from '../constants.js';
import { call, type WasmKernel, type WasmLower } from '../kernel.js';
import { segmentTable } from '../segments.js';

export const globalNormSquaresKernel = {
  name: 'globalNormSquares',
  fields: { gradient: 'ptr', segments: 'ptr', partials: 'ptr', count: 'i32' },
} as const satisfies WasmKernel;

export const globalNormFinishKernel = {
  name: 'globalNormFinish',
  fields: { partials: 'ptr', norm: 'ptr', coefficient: 'ptr', count: 'i32', maxNorm: 'f32' },
} as const satisfies WasmKernel;

const F64_BYTES = 8;

export const lowerGlobalNorm: WasmLower<GlobalNormAttrs> = ({ inputs, outputs: [norm, coefficient], attrs }) => {
  const constants = new Constants();
  const { segments, count } = segmentTable(inputs, constants);
  const partials = at('workspace');
  const results = { norm: at(norm), coefficient: at(coefficient) };
  return {
    workspace: count * F64_BYTES,
    calls: [
      call(globalNormSquaresKernel, { gradient: at(inputs[0]), segments, partials, count }),
      call(globalNormFinishKernel, { partials, ...results, count, maxNorm: attrs.maxNorm }),
    ],
    constants: constants.bytes,
  };
};
