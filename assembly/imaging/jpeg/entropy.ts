import { extend, longCode, LOOKUP_BITS } from './huffman';
import { inverseDct, inverseDctOfDc } from './idct';
import { inverseDctOf4x4 } from './idct-4x4';
import { fail, Problem } from './problem';
import { Block, block, nextSegment, scan, segmentEnd } from './scan';
import { zigzag } from './zigzag';

/** Coefficients of one block, i16 in natural order, and behind them the slot for runs that end past it. */
const coefficients: usize = memory.data(160, 16);

/**
 * Decodes a row of MCUs into the planes (T.81 F.2.2). All of the reader's state lives in locals of this one function;
 * a symbol costs a lookup, since `buffer` is topped up with a single unaligned load (see `unstuff.ts`). Nothing is
 * checked a symbol: an overrun is found at the end of the MCU, before which it cannot leave the padding.
 */
export function decodeRow(row: i32): bool {
  const rowWanted = row >= scan.firstRow;
  let buffer = scan.buffer;
  let bits = scan.bits;
  let next = scan.next;
  let lowest: usize = scan.segment >= 0 ? segmentEnd() : 0;

  for (let column = 0; column < scan.mcusWide; column++) {
    if (scan.untilRestart == 0) {
      if (!nextSegment()) return false;
      buffer = scan.buffer;
      bits = scan.bits;
      next = scan.next;
      lowest = segmentEnd();
    }
    scan.untilRestart--;
    const wanted = rowWanted && column >= scan.firstColumn && column < scan.lastColumn;

    for (let i = 0; i < scan.blocks; i++) {
      const c = block(i).component;
      if (wanted) {
        for (let offset: usize = 0; offset < 128; offset += 16) v128.store(coefficients + offset, i64x2.splat(0));
      }

      if (bits < 32) {
        buffer |= load<u64>(next - 8) >> bits;
        next -= (63 - bits) >> 3;
        bits |= 56;
      }
      let entry = load<i32>(c.dcTable + ((<usize>(buffer >> (64 - LOOKUP_BITS))) << 2));
      let value = entry >> 16;
      if (value == 0) {
        if (entry == 0) {
          entry = longCode(c.dcTable, buffer);
          if (entry == 0) return badCode(row, column, next, bits, lowest);
        }
        const size = entry >> 8;
        if (size != 0) {
          value = extend(<i32>((buffer << entry) >> (64 - size)), size);
          entry += size;
        }
      }
      buffer <<= entry;
      bits -= entry & 63;
      value += c.predicted;
      c.predicted = value;
      store<i16>(coefficients, value);

      const table = c.acTable;
      let k = 1;
      while (k < 64) {
        // At least 56 bits, for three short symbols and a long one.
        buffer |= load<u64>(next - 8) >> bits;
        next -= (63 - bits) >> 3;
        bits |= 56;
        entry = load<i32>(table + ((<usize>(buffer >> (64 - LOOKUP_BITS))) << 2));
        if (entry >> 16 != 0) {
          buffer <<= entry;
          bits -= entry & 63;
          k += (entry >> 8) & 15;
          store<i16>(coefficients + load<u8>(zigzag + k), entry >> 16);
          if (++k >= 64) break;
          entry = load<i32>(table + ((<usize>(buffer >> (64 - LOOKUP_BITS))) << 2));
          if (entry >> 16 != 0) {
            buffer <<= entry;
            bits -= entry & 63;
            k += (entry >> 8) & 15;
            store<i16>(coefficients + load<u8>(zigzag + k), entry >> 16);
            if (++k >= 64) break;
            entry = load<i32>(table + ((<usize>(buffer >> (64 - LOOKUP_BITS))) << 2));
            if (entry >> 16 != 0) {
              buffer <<= entry;
              bits -= entry & 63;
              k += (entry >> 8) & 15;
              store<i16>(coefficients + load<u8>(zigzag + k), entry >> 16);
              k++;
              continue;
            }
          }
        }
        if (entry == 0) {
          entry = longCode(table, buffer);
          if (entry == 0) return badCode(row, column, next, bits, lowest);
        }
        buffer <<= entry;
        bits -= entry & 63;
        const size = (entry >> 8) & 15;
        if (size == 0) {
          if (entry >> 12 != 15) break; // end of block
          k += 16;
          continue;
        }
        k += entry >> 12;
        value = extend(<i32>(buffer >> (64 - size)), size);
        buffer <<= size;
        bits -= size;
        store<i16>(coefficients + load<u8>(zigzag + k), value);
        k++;
      }
      if (k > 64) return badCode(row, column, next, bits, lowest);
      if (wanted) {
        const to = destination(block(i), row, column);
        if (k == 1) inverseDctOfDc(coefficients, c.quant, to, c.stride);
        else if (k <= 10) inverseDctOf4x4(coefficients, c.quant, to, c.stride);
        else inverseDct(coefficients, c.quant, to, c.stride);
      }
    }
    if (((<i64>next) << 3) + bits < (<i64>lowest) << 3) return badCode(row, column, next, bits, lowest);
  }
  scan.buffer = buffer;
  scan.bits = bits;
  scan.next = next;
  return true;
}

// @ts-ignore: decorator
@inline
function destination(b: Block, row: i32, column: i32): usize {
  const c = b.component;
  const wide = scan.single ? 8 : c.h << 3;
  const high = scan.single ? 8 : c.v << 3;
  return c.plane + b.offset + <usize>row * high * c.stride + <usize>column * wide;
}

/** What looks like a damaged code is the end of the data when the reader has gone past it. */
function badCode(row: i32, column: i32, next: usize, bits: i32, lowest: usize): bool {
  const mcu = row * scan.mcusWide + column;
  const overrun = ((<i64>next) << 3) + bits < (<i64>lowest) << 3;
  return fail(overrun ? Problem.Truncated : Problem.BadCode, mcu, scan.mcusWide * scan.mcusHigh);
}
