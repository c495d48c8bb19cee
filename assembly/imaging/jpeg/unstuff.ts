import { allocate } from '../arena';
import { stream } from './markers';
import { fail, Problem } from './problem';

/**
 * The entropy-coded bytes of a scan without stuffing, **last byte first**: a little-endian 8-byte load below an address
 * is then the next 64 bits of the stream, most significant first. Restart markers cut it into segments: byte k of the
 * table of segments is where segment k begins (its bytes lie below).
 */
@unmanaged
class Segments {
  table: usize;
  count: i32;
}

export const segments = changetype<Segments>(memory.data(8, 16));

/** More than an MCU of 10 blocks can take: a reader may overrun a segment by as much before anyone looks. */
const MOST_PER_MCU: usize = 4096;

/** Takes the scan's bytes off the stream, up to the marker behind it. `wanted`: segments that the scan needs. */
export function unstuffScan(wanted: i32): bool {
  const bytes = stream.end - stream.at;
  const low = allocate(<u64>bytes + 2 * MOST_PER_MCU);
  const table = allocate((<u64>wanted + 2) << 2);
  if (low == 0 || table == 0) return fail(Problem.OutOfMemory, <i32>bytes);

  const high = low + bytes + MOST_PER_MCU;
  const end = stream.end;
  let at = stream.at;
  let to = high;
  let count = 1;
  store<usize>(table, high);
  while (at < end) {
    if (at + 16 <= end) {
      const chunk = v128.load(at);
      const markers = i8x16.bitmask(i8x16.eq(chunk, i8x16.splat(-1)));
      v128.store(to - 16, i8x16.swizzle(chunk, i8x16(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)));
      const plain: usize = markers ? <usize>ctz(markers) : 16;
      at += plain;
      to -= plain;
      if (!markers) continue;
    } else if (load<u8>(at) != 0xff) {
      store<u8>(--to, load<u8>(at++));
      continue;
    }
    // A byte 0xff: data when 0 follows, fill bytes when more of them follow, otherwise a marker.
    let next = at + 1;
    while (next < end && load<u8>(next) == 0xff) next++;
    if (next >= end) {
      at = end;
      break;
    }
    const code = load<u8>(next);
    if (code == 0) {
      store<u8>(--to, 0xff);
    } else if ((code & 0xf8) == 0xd0) {
      if (count <= wanted) {
        if (code != (0xd0 | ((count - 1) & 7)) && count < wanted) return fail(Problem.BadRestart, code, count - 1);
        store<usize>(table + ((<usize>count) << 2), to);
      }
      count++;
    } else {
      at = next - 1;
      break;
    }
    at = next + 1;
  }
  if (count <= wanted) store<usize>(table + ((<usize>count) << 2), to);
  memory.fill(to - MOST_PER_MCU, 0, MOST_PER_MCU);
  stream.at = at;
  segments.table = table;
  segments.count = min(count, wanted);
  return true;
}
