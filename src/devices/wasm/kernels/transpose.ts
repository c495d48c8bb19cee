import type { TransposeAttrs } from '../../../ops/transpose.js';
import { bytesPerElement } from '../../../tensor/dtype.js';
import { physicalStrides } from '../../../tensor/layout.js';
import { permute } from '../../../tensor/shape.js';
import { at } from '../../device.js';
import { Constants } from '../constants.js';
import type { WasmLower } from '../kernel.js';
import { copyStrided } from './strided.js';

export const lowerTranspose: WasmLower<TransposeAttrs> = ({ inputs: [x], outputs: [y], attrs: { order } }) => {
  const constants = new Constants();
  const from = { operand: at(x), strides: permute(physicalStrides(x.shape, x.layout), order) };
  const to = { operand: at(y), strides: physicalStrides(y.shape, y.layout) };
  return {
    calls: [copyStrided(y.shape, from, to, bytesPerElement[y.dtype], constants)],
    constants: constants.bytes,
  };
};
