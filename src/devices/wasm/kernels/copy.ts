import type { CopyAttrs } from '../../../ops/copy.js';
import { bytesPerElement } from '../../../tensor/dtype.js';
import { physicalStrides } from '../../../tensor/layout.js';
import { at } from '../../device.js';
import { Constants } from '../constants.js';
import type { WasmLower } from '../kernel.js';
import { copyStrided } from './strided.js';

/** Between any two layouts. */
export const lowerCopy: WasmLower<CopyAttrs> = ({ inputs: [x], outputs: [y] }) => {
  const constants = new Constants();
  const from = { operand: at(x), strides: physicalStrides(x.shape, x.layout) };
  const to = { operand: at(y), strides: physicalStrides(y.shape, y.layout) };
  return {
    calls: [copyStrided(y.shape, from, to, bytesPerElement[y.dtype], constants)],
    constants: constants.bytes,
  };
};
