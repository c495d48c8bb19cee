import type { PreluAttrs, PreluBackwardAttrs } from '../../../ops/prelu.js';
import { size } from '../../../tensor/shape.js';
import { at, type Value } from '../../device.js';
import { aroundAxis } from '../axis.js';
import { call, type WasmKernel, type WasmLower } from '../kernel.js';

export const preluKernel = {
  name: 'prelu',
  fields: { x: 'ptr', slope: 'ptr', y: 'ptr', outer: 'i32', channels: 'i32', inner: 'i32' },
} as const satisfies WasmKernel;

export const preluBackwardKernel = {
  name: 'preluBackward',
  fields: {
    x: 'ptr',
    slope: 'ptr',
    dy: 'ptr',
    dx: 'ptr',
    partials: 'ptr',
    outer: 'i32',
    channels: 'i32',
    inner: 'i32',
    chunkRows: 'i32',
  },
} as const satisfies WasmKernel;

export const preluBackwardFinishKernel = {
  name: 'preluBackwardFinish',
  fields: { partials: 'ptr', dslope: 'ptr', count: 'i32', step: 'i32', channels: 'i32' },
} as const satisfies WasmKernel;

const F32_BYTES = 4;
const LANES = 4;
const CHUNK_ROWS = 64;
const ROW = 256;

/** x in memory as [outer][channels][inner]. With one slope for all, rows of at least 256 where the shape allows. */
function geometry(x: Value, slope: Value): { outer: number; channels: number; inner: number } {
  if (size(slope.shape) > 1) {
    const { outer, count, inner } = aroundAxis(x, 1);
    return { outer, channels: count, inner };
  }
  let inner = 1;
  for (const axis of x.layout.toReversed()) if (inner < ROW) inner *= x.shape[axis];
  return { outer: size(x.shape) / inner, channels: 1, inner };
}

export const lowerPrelu: WasmLower<PreluAttrs> = ({ inputs: [x, slope], outputs: [y] }) => ({
  calls: [call(preluKernel, { x: at(x), slope: at(slope), y: at(y), ...geometry(x, slope) })],
});

export const lowerPreluBackward: WasmLower<PreluBackwardAttrs> = ({ inputs, outputs: [dx, dslope] }) => {
  const [x, slope, dy] = inputs;
  const shape = geometry(x, slope);
  const { outer, channels, inner } = shape;
  const partials = at('workspace');
  const sums =
    inner === 1
      ? { count: Math.ceil(outer / CHUNK_ROWS), step: Math.ceil(channels / LANES) * LANES }
      : { count: outer, step: channels };
  const operands = { x: at(x), slope: at(slope), dy: at(dy), dx: at(dx), partials };
  return {
    workspace: sums.count * sums.step * F32_BYTES,
    calls: [
      call(preluBackwardKernel, { ...operands, ...shape, chunkRows: CHUNK_ROWS }),
      call(preluBackwardFinishKernel, { partials, dslope: at(dslope), ...sums, channels }),
    ],
  };
};
