import type { SplitAttrs } from '../../../ops/split.js';
import { bytesPerElement } from '../../../tensor/dtype.js';
import { physicalStrides } from '../../../tensor/layout.js';
import { normalizeAxis } from '../../../tensor/shape.js';
import { at } from '../../device.js';
import { Constants } from '../constants.js';
import type { WasmLower } from '../kernel.js';
import { copyStrided } from './strided.js';

export const lowerSplit: WasmLower<SplitAttrs> = ({ inputs: [x], outputs, attrs }) => {
  const constants = new Constants();
  const axis = normalizeAxis(attrs.axis, x.shape.length, 'split');
  const bytes = bytesPerElement[x.dtype];
  const strides = physicalStrides(x.shape, x.layout);
  let position = 0;
  const calls = outputs.map((y) => {
    const from = { operand: at(x, position * strides[axis] * bytes), strides };
    const to = { operand: at(y), strides: physicalStrides(y.shape, y.layout) };
    position += y.shape[axis];
    return copyStrided(y.shape, from, to, bytes, constants);
  });
  return { calls, constants: constants.bytes };
};
