import type { ConcatAttrs } from '../../../ops/concat.js';
import { bytesPerElement } from '../../../tensor/dtype.js';
import { physicalStrides } from '../../../tensor/layout.js';
import { normalizeAxis } from '../../../tensor/shape.js';
import { at } from '../../device.js';
import { Constants } from '../constants.js';
import type { WasmLower } from '../kernel.js';
import { copyStrided } from './strided.js';

export const lowerConcat: WasmLower<ConcatAttrs> = ({ inputs, outputs: [y], attrs }) => {
  const constants = new Constants();
  const axis = normalizeAxis(attrs.axis, y.shape.length, 'concat');
  const bytes = bytesPerElement[y.dtype];
  const strides = physicalStrides(y.shape, y.layout);
  let position = 0;
  const calls = inputs.map((x) => {
    const from = { operand: at(x), strides: physicalStrides(x.shape, x.layout) };
    const to = { operand: at(y, position * strides[axis] * bytes), strides };
    position += x.shape[axis];
    return copyStrided(x.shape, from, to, bytes, constants);
  });
  return { calls, constants: constants.bytes };
};
