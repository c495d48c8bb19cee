import { Component } from './frame';
import { fail, Problem } from './problem';
import { naturalOrder } from './zigzag';

/** Four tables of i16 [64] in natural order, and whether this image has defined them. */
const tables: usize = memory.data(512, 16);
let defined: i32 = 0;

export function resetQuantTables(): void {
  defined = 0;
}

/** DQT: tables of 64 values of 8 or 16 bits, in zigzag order (T.81 B.2.4.1). */
export function readQuantTables(at: usize, end: usize): bool {
  while (at < end) {
    const info = load<u8>(at++);
    const wide = info >> 4;
    const id = info & 15;
    if (wide > 1 || id > 3) return fail(Problem.BadSegment, 0xdb, info);
    if (at + ((<usize>64) << wide) > end) return fail(Problem.BadSegment, 0xdb, <i32>(end - at));
    for (let k = 0; k < 64; k++) {
      const value: u16 = wide ? bswap(load<u16>(at)) : load<u8>(at);
      store<u16>(tables + ((<usize>id) << 7) + naturalOrder(k), value);
      at += 1 << wide;
    }
    defined |= 1 << id;
  }
  return true;
}

/** Gives a component the table as it is now: later scans may redefine it. */
export function latchQuantTable(c: Component): bool {
  if (!(defined & (1 << c.quantId))) return fail(Problem.MissingQuantTable, c.quantId);
  memory.copy(c.quant, tables + ((<usize>c.quantId) << 7), 128);
  return true;
}
