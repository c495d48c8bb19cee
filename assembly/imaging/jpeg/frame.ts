import { allocate } from '../arena';
import { fail, Problem } from './problem';

export enum Colour {
  Gray,
  YCbCr,
  Rgb,
}

/** How a component reaches the image's size: libjpeg's choice when fancy upsampling is on. */
export enum Upsampling {
  None,
  /** Triangle filter along rows, across columns, or both. */
  H2V1,
  H2V2,
  H1V2,
  /** Replication. */
  Box,
}

@unmanaged
export class Component {
  id: i32;
  h: i32;
  v: i32;
  quantId: i32;
  /** Samples of the image, without what fills the last block. */
  width: i32;
  height: i32;
  stride: i32;
  plane: usize;
  upsampling: Upsampling;
  /** Samples of the image a sample of this component stands for, along each axis. */
  ratioH: i32;
  ratioV: i32;
  /** The quantisation table as it was when the component's scan began: i16 [64], natural order. */
  quant: usize;
  dcTable: usize;
  acTable: usize;
  /** DC value of the block before. */
  predicted: i32;
  scanned: bool;
}

/** Read by `src/data/images/jpeg.ts`: every field is one word of 4 bytes. */
@unmanaged
export class Frame {
  width: i32;
  height: i32;
  components: i32;
  hMax: i32;
  vMax: i32;
  /** EXIF orientation, 1 to 8; 1 when the file has none. */
  orientation: i32;
  colour: Colour;
  restartInterval: i32;
  output: usize;
  marker: i32;
  /** 1 after a JFIF segment. */
  jfif: i32;
  /** Colour transform of the Adobe segment, −1 without one. */
  adobe: i32;
  mcusWide: i32;
  mcusHigh: i32;
  /** The part of the image that is wanted. */
  left: i32;
  top: i32;
  right: i32;
  bottom: i32;
}

const COMPONENT_BYTES: usize = 64;
/** Bytes before a row: the replicated sample, and what an aligned vector load takes with it. */
const MARGIN: usize = 16;

export const frame = changetype<Frame>(memory.data(72, 16));
const components: usize = memory.data(192, 16);
const quants: usize = memory.data(384, 16);

// @ts-ignore: decorator
@inline
export function component(index: i32): Component {
  return changetype<Component>(components + <usize>index * COMPONENT_BYTES);
}

export function resetFrame(): void {
  memory.fill(changetype<usize>(frame), 0, offsetof<Frame>());
  memory.fill(components, 0, 3 * COMPONENT_BYTES);
  for (let i = 0; i < 3; i++) component(i).quant = quants + ((<usize>i) << 7);
  frame.orientation = 1;
  frame.adobe = -1;
}

// @ts-ignore: decorator
@inline
export function ceilDiv(a: i32, b: i32): i32 {
  return (a + b - 1) / b;
}

/** Sizes and upsampling of each component, once the frame header is read. */
export function layOutFrame(): bool {
  for (let i = 0; i < frame.components; i++) {
    frame.hMax = max(frame.hMax, component(i).h);
    frame.vMax = max(frame.vMax, component(i).v);
  }
  frame.mcusWide = ceilDiv(frame.width, frame.hMax << 3);
  frame.mcusHigh = ceilDiv(frame.height, frame.vMax << 3);
  for (let i = 0; i < frame.components; i++) {
    const c = component(i);
    if (frame.hMax % c.h != 0 || frame.vMax % c.v != 0) {
      return fail(Problem.UnsupportedSampling, (c.h << 4) | c.v, (frame.hMax << 4) | frame.vMax);
    }
    c.ratioH = frame.hMax / c.h;
    c.ratioV = frame.vMax / c.v;
    c.width = ceilDiv(frame.width, c.ratioH);
    c.height = ceilDiv(frame.height, c.ratioV);
    c.stride = ((frame.mcusWide * c.h) << 3) + 3 * <i32>MARGIN;
    c.upsampling = chooseUpsampling(c);
  }
  return true;
}

/** The conditions of libjpeg: no filter along rows of one or two samples. */
function chooseUpsampling(c: Component): Upsampling {
  if (c.ratioH == 1 && c.ratioV == 1) return Upsampling.None;
  if (c.ratioH == 1 && c.ratioV == 2) return Upsampling.H1V2;
  if (c.ratioH == 2 && c.width > 2) {
    if (c.ratioV == 1) return Upsampling.H2V1;
    if (c.ratioV == 2) return Upsampling.H2V2;
  }
  return Upsampling.Box;
}

/** 1 when some component's last row of a row of MCUs needs the row below it. */
export function contextRows(): i32 {
  for (let i = 0; i < frame.components; i++) {
    const upsampling = component(i).upsampling;
    if (upsampling == Upsampling.H2V2 || upsampling == Upsampling.H1V2) return 1;
  }
  return 0;
}

/** Planes of whole MCUs and the RGB picture of the region. */
export function allocateFrame(): bool {
  for (let i = 0; i < frame.components; i++) {
    const c = component(i);
    const rows = (<u64>(frame.mcusHigh * c.v)) << 3;
    const start = allocate(<u64>c.stride * rows + 4 * MARGIN);
    if (start == 0) return fail(Problem.OutOfMemory, frame.width, frame.height);
    c.plane = start + MARGIN;
  }
  const pixels = <u64>(frame.right - frame.left) * <u64>(frame.bottom - frame.top);
  frame.output = allocate(pixels * 3 + 64);
  return frame.output != 0 || fail(Problem.OutOfMemory, frame.width, frame.height);
}

/** Every block takes at least two bits: a file that is too short for its size is refused before memory is taken. */
export function enoughBytes(bytes: i32): bool {
  let blocks: u64 = 0;
  for (let i = 0; i < frame.components; i++) {
    const c = component(i);
    blocks += <u64>ceilDiv(c.width, 8) * <u64>ceilDiv(c.height, 8);
  }
  return blocks <= <u64>bytes * 4 || fail(Problem.TooFewBytes, bytes, <i32>(blocks >> 2));
}
