import { rangeEnd, rangeStart } from './range';
import { storeFirst } from './lanes';

@unmanaged
class ToFloatArgs {
  x: usize;
  y: usize;
  /** Per channel, repeated so that 4 can be read from any channel on. */
  scale: usize;
  shift: usize;
  channels: i32;
  count: i32;
}

/** y[i] = x[i] scale[c] + shift[c] for bytes x, channels last */
export function toFloat(args: usize, thread: i32, threads: i32): void {
  const a = changetype<ToFloatArgs>(args);
  const channels = a.channels;
  const vectors = (a.count + 3) >> 2;
  let i = rangeStart(vectors, thread, threads);
  const end = rangeEnd(vectors, thread, threads);
  const step = 4 % channels;
  let channel = (i << 2) % channels;
  for (; i < end; i++) {
    const bytes = v128.load32_zero(a.x + ((<usize>i) << 2));
    const x = f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes)));
    const scale = v128.load(a.scale + ((<usize>channel) << 2));
    const shift = v128.load(a.shift + ((<usize>channel) << 2));
    storeFirst(a.y + ((<usize>i) << 4), f32x4.add(f32x4.mul(x, scale), shift), a.count - (i << 2));
    channel += step;
    if (channel >= channels) channel -= channels;
  }
}
