import { fail, Problem } from './problem';

/**
 * A table answers with one load for codes of up to 10 bits. Entry: bits 0 to 5 how many bits it stands for (0: the code
 * is longer); bits 8 to 15 and 16 to 31 depend on whether the magnitude fitted in the 10 bits as well:
 * - value ≠ 0: run of zeros, value of the coefficient;
 * - value = 0: the symbol (run and size); its magnitude, if any, follows.
 * Behind the lookup: for each code length the largest code (−1: none) and the distance from a code to its symbol.
 */
export const LOOKUP_BITS: i32 = 10;
const LOOKUP_BYTES: usize = 4096;
const LARGEST: usize = LOOKUP_BYTES;
const DISTANCE: usize = LARGEST + 17 * 4;
/** The definition it was made from: 16 counts and 256 symbols. */
const SPEC: usize = DISTANCE + 17 * 4;
const SPEC_BYTES: usize = 272;
const TABLE_BYTES: usize = 4608;

/** Index: class (0 DC, 1 AC) × 4 + id. */
const tables: usize = memory.data(36864, 64);
const specs: usize = memory.data(2176, 16);
let defined: i32 = 0;
/** Tables in `tables` that agree with their spec: they outlive an image, since most files use the standard ones. */
let built: i32 = 0;

export function resetHuffmanTables(): void {
  defined = 0;
}

/** DHT: how many codes there are of each length, and their symbols (T.81 B.2.4.2). */
export function readHuffmanTables(at: usize, end: usize): bool {
  while (at < end) {
    if (at + 17 > end) return fail(Problem.BadSegment, 0xc4, <i32>(end - at));
    const info = load<u8>(at++);
    if (info >> 4 > 1 || (info & 15) > 3) return fail(Problem.BadSegment, 0xc4, info);
    let symbols: usize = 0;
    for (let i: usize = 0; i < 16; i++) symbols += load<u8>(at + i);
    if (symbols > 256 || at + 16 + symbols > end) return fail(Problem.BadHuffmanTable, info, <i32>symbols);
    const index = ((info >> 4) << 2) | (info & 15);
    const spec = specs + <usize>index * SPEC_BYTES;
    memory.fill(spec, 0, SPEC_BYTES);
    memory.copy(spec, at, 16 + symbols);
    defined |= 1 << index;
    at += 16 + symbols;
  }
  return true;
}

/** The table of a class and id as it is defined now, or 0. */
export function huffmanTable(ac: i32, id: i32): usize {
  const index = (ac << 2) | id;
  if (!(defined & (1 << index))) {
    fail(Problem.MissingHuffmanTable, ac, id);
    return 0;
  }
  const spec = specs + <usize>index * SPEC_BYTES;
  const table = tables + <usize>index * TABLE_BYTES;
  if (built & (1 << index) && memory.compare(table + SPEC, spec, SPEC_BYTES) == 0) return table;
  built &= ~(1 << index);
  if (!build(table, spec, ac)) {
    fail(Problem.BadHuffmanTable, (ac << 4) | id);
    return 0;
  }
  memory.copy(table + SPEC, spec, SPEC_BYTES);
  built |= 1 << index;
  return table;
}

/** Canonical codes, T.81 Annex C. As in libjpeg no code is all ones, and a DC symbol is a size of at most 15. */
function build(table: usize, spec: usize, ac: i32): bool {
  memory.fill(table, 0, LOOKUP_BYTES);
  let code = 0;
  let index = 0;
  for (let length = 1; length <= 16; length++) {
    const count = <i32>load<u8>(spec + <usize>length - 1);
    store<i32>(table + ((<usize>length) << 2), count > 0 ? code + count - 1 : -1, LARGEST);
    store<i32>(table + ((<usize>length) << 2), index - code, DISTANCE);
    for (let i = 0; i < count; i++, code++, index++) {
      const symbol = <i32>load<u8>(spec + 16 + <usize>index);
      if (!ac && symbol > 15) return false;
      if (code + 1 >= 1 << length) return false;
      if (length <= LOOKUP_BITS) fillLookup(table, code, length, symbol);
    }
    code <<= 1;
  }
  return true;
}

function fillLookup(table: usize, code: i32, length: i32, symbol: i32): void {
  const rest = LOOKUP_BITS - length;
  const size = symbol & 15;
  let at = table + ((<usize>(code << rest)) << 2);
  if (size == 0 || size > rest) {
    fillEntries(at, 1 << rest, (symbol << 8) | length);
    return;
  }
  const low = ((symbol >> 4) << 8) | (length + size);
  const repeats = 1 << (rest - size);
  for (let bits = 0; bits < 1 << size; bits++) {
    at = fillEntries(at, repeats, (extend(bits, size) << 16) | low);
  }
}

/** Writes `count` equal entries, a power of two, and returns the address behind them. */
// @ts-ignore: decorator
@inline
function fillEntries(at: usize, count: i32, entry: i32): usize {
  const end = at + ((<usize>count) << 2);
  if (count < 4) {
    for (; at < end; at += 4) store<i32>(at, entry);
  } else {
    const entries = i32x4.splat(entry);
    for (; at < end; at += 16) v128.store(at, entries);
  }
  return end;
}

/** A magnitude of `size` bits: those that begin with 0 are negative (T.81 F.2.2.1, EXTEND). */
// @ts-ignore: decorator
@inline
export function extend(bits: i32, size: i32): i32 {
  return bits + (((bits >> (size - 1)) - 1) & (1 - (1 << size)));
}

/** Entry (symbol and length) of the code longer than 10 bits at the top of `buffer`, or 0 when there is no such code. */
export function longCode(table: usize, buffer: u64): i32 {
  for (let length = LOOKUP_BITS + 1; length <= 16; length++) {
    const code = <i32>(buffer >> (64 - length));
    if (code > load<i32>(table + ((<usize>length) << 2), LARGEST)) continue;
    const index = code + load<i32>(table + ((<usize>length) << 2), DISTANCE);
    return ((<i32>load<u8>(table + SPEC + 16 + <usize>index)) << 8) | length;
  }
  return 0;
}
