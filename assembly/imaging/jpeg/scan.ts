import { ceilDiv, Component, component, frame } from './frame';
import { huffmanTable } from './huffman';
import { segmentLength, SOS, stream } from './markers';
import { fail, Problem } from './problem';
import { latchQuantTable } from './quant';
import { segments, unstuffScan } from './unstuff';

/** A block of an MCU: whose it is, and where its samples go in the MCU's corner. */
@unmanaged
export class Block {
  component: Component;
  offset: usize;
}

/** The scan being decoded, in MCUs: of all its components, or single blocks of its only one. */
@unmanaged
export class Scan {
  components: i32;
  mcusWide: i32;
  mcusHigh: i32;
  blocks: i32;
  /** MCUs whose samples are wanted; rows from `lastRow` on are not read. */
  firstColumn: i32;
  lastColumn: i32;
  firstRow: i32;
  lastRow: i32;
  /** One component only, so that an MCU is one block whatever the sampling. */
  single: bool;
  /** Where the bit reader stands between rows. */
  buffer: u64;
  bits: i32;
  next: usize;
  segment: i32;
  untilRestart: i32;
}

const BLOCK_BYTES: usize = 8;
const MOST_BLOCKS: i32 = 10;

export const scan = changetype<Scan>(memory.data(72, 16));
const blocks: usize = memory.data(80, 16);

// @ts-ignore: decorator
@inline
export function block(index: i32): Block {
  return changetype<Block>(blocks + <usize>index * BLOCK_BYTES);
}

/** Reads the header of a scan (T.81 B.2.3) and prepares its bits. */
export function openScan(): bool {
  const length = segmentLength(SOS);
  if (length < 0) return false;
  const at = stream.at + 2;
  if (frame.marker == 0) return fail(Problem.NoFrame);
  const count = length < 3 ? 0 : <i32>load<u8>(at);
  if (count < 1 || count > frame.components || length != 6 + 2 * count) return fail(Problem.BadScan, count, length);
  stream.at += length;

  scan.components = count;
  scan.blocks = 0;
  scan.single = count == 1;
  let found = -1;
  for (let i = 0; i < count; i++) {
    const id = <i32>load<u8>(at + ((<usize>i) << 1), 1);
    // A scan lists components in the frame's order (T.81 B.2.3).
    do found++;
    while (found < frame.components && component(found).id != id);
    if (found >= frame.components) return fail(Problem.BadScan, count, id);
    const c = component(found);
    if (c.scanned) return fail(Problem.ComponentTwice, id);
    if (!openComponent(c, load<u8>(at + ((<usize>i) << 1), 2))) return false;
  }
  if (scan.single) {
    const only = block(0).component;
    scan.mcusWide = ceilDiv(only.width, 8);
    scan.mcusHigh = ceilDiv(only.height, 8);
    chooseMcus(only.ratioH, only.ratioV);
  } else {
    scan.mcusWide = frame.mcusWide;
    scan.mcusHigh = frame.mcusHigh;
    chooseMcus(frame.hMax, frame.vMax);
  }

  const interval = frame.restartInterval;
  const mcus = scan.mcusWide * scan.mcusHigh;
  if (!unstuffScan(interval > 0 ? ceilDiv(mcus, interval) : 1)) return false;
  scan.segment = -1;
  scan.untilRestart = 0;
  return true;
}

function openComponent(c: Component, tables: i32): bool {
  if (tables >> 4 > 3 || (tables & 15) > 3) return fail(Problem.BadScan, scan.components, tables);
  c.scanned = true;
  c.dcTable = huffmanTable(0, tables >> 4);
  if (c.dcTable == 0) return false;
  c.acTable = huffmanTable(1, tables & 15);
  if (c.acTable == 0 || !latchQuantTable(c)) return false;
  const wide = scan.single ? 1 : c.h;
  const high = scan.single ? 1 : c.v;
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      if (scan.blocks == MOST_BLOCKS) return fail(Problem.BadScan, scan.components, scan.blocks + 1);
      const b = block(scan.blocks++);
      b.component = c;
      b.offset = <usize>(((y * c.stride) << 3) + (x << 3));
    }
  }
  return true;
}

/** MCUs of 8h x 8v pixels that the region needs, with the neighbours that upsampling reaches for. */
function chooseMcus(h: i32, v: i32): void {
  const reachH = frame.hMax;
  const reachV = frame.vMax;
  scan.firstColumn = max(0, frame.left - reachH) / (h << 3);
  scan.lastColumn = min(scan.mcusWide, ceilDiv(frame.right + reachH, h << 3));
  scan.firstRow = max(0, frame.top - reachV) / (v << 3);
  scan.lastRow = min(scan.mcusHigh, ceilDiv(frame.bottom + reachV, v << 3));
}

/** Moves the reader to the next segment. False when the scan has no more of them. */
export function nextSegment(): bool {
  scan.segment++;
  if (scan.segment >= segments.count) return fail(Problem.Truncated, scan.segment, scan.segment + 1);
  for (let i = 0; i < scan.blocks; i++) block(i).component.predicted = 0;
  scan.next = load<usize>(segments.table + ((<usize>scan.segment) << 2));
  scan.buffer = 0;
  scan.bits = 0;
  scan.untilRestart = frame.restartInterval > 0 ? frame.restartInterval : i32.MAX_VALUE;
  return true;
}

/** Address below which no byte of the current segment lies. */
export function segmentEnd(): usize {
  return load<usize>(segments.table + ((<usize>scan.segment + 1) << 2));
}
