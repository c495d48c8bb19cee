import type { ExpandAttrs } from '../../../ops/expand.js';
import { bytesPerElement } from '../../../tensor/dtype.js';
import { physicalStrides } from '../../../tensor/layout.js';
import { at } from '../../device.js';
import { broadcastStrides } from '../broadcast.js';
import { Constants } from '../constants.js';
import type { WasmLower } from '../kernel.js';
import { copyStrided } from './strided.js';

export const lowerExpand: WasmLower<ExpandAttrs> = ({ inputs: [x], outputs: [y] }) => {
  const constants = new Constants();
  const from = { operand: at(x), strides: broadcastStrides(x, y.shape) };
  const to = { operand: at(y), strides: physicalStrides(y.shape, y.layout) };
  return {
    calls: [copyStrided(y.shape, from, to, bytesPerElement[y.dtype], constants)],
    constants: constants.bytes,
  };
};
