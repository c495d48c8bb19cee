import { exifOrientation } from './exif';
import { Colour, component, frame, layOutFrame, resetFrame } from './frame';
import { readHuffmanTables, resetHuffmanTables } from './huffman';
import { fail, Problem, problem } from './problem';
import { readQuantTables, resetQuantTables } from './quant';

const SOI: i32 = 0xd8;
export const EOI: i32 = 0xd9;
export const SOS: i32 = 0xda;

/** The file: its next byte to read and its end. */
@unmanaged
class Stream {
  at: usize;
  end: usize;
}

export const stream = changetype<Stream>(memory.data(8, 16));

// @ts-ignore: decorator
@inline
export function big16(at: usize): i32 {
  return <i32>bswap(load<u16>(at));
}

/** Begins a file: everything of the one before is forgotten. False when it is no JPEG. */
export function openStream(at: usize, length: u32): bool {
  problem.code = Problem.None;
  resetFrame();
  resetHuffmanTables();
  resetQuantTables();
  stream.at = at;
  stream.end = at + length;
  if (length < 2 || load<u8>(at) != 0xff || load<u8>(at, 1) != SOI) {
    return fail(Problem.NotJpeg, length < 2 ? -1 : big16(at));
  }
  stream.at += 2;
  return true;
}

/**
 * Reads segments up to the next scan or the end of the picture and returns SOS (the stream is then at the segment's
 * length) or EOI; 0 after a problem. A file that stops between segments counts as ended.
 */
export function readSegments(): i32 {
  while (true) {
    const marker = nextMarker();
    if (marker == EOI || marker == SOS) return marker;
    if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) continue; // TEM and RSTn stand alone
    const length = segmentLength(marker);
    if (length < 0) return 0;
    const start = stream.at + 2;
    const end = stream.at + length;
    stream.at = end;
    if (!readSegment(marker, start, end)) return 0;
  }
}

/** Skips to the next marker and past it, whatever lies between. */
function nextMarker(): i32 {
  let at = stream.at;
  while (at + 1 < stream.end) {
    const code = load<u8>(at, 1);
    if (load<u8>(at) == 0xff && code != 0 && code != 0xff) {
      stream.at = at + 2;
      return code;
    }
    at++;
  }
  stream.at = stream.end;
  return EOI;
}

/** Length of the segment that begins here, itself included, or −1. */
export function segmentLength(marker: i32): i32 {
  const rest = <i32>(stream.end - stream.at);
  const length = rest < 2 ? 2 : big16(stream.at);
  if (length < 2) fail(Problem.BadSegment, marker, length);
  else if (rest < length) fail(Problem.Truncated, rest, length);
  else return length;
  return -1;
}

function readSegment(marker: i32, start: usize, end: usize): bool {
  const bytes = <i32>(end - start);
  switch (marker) {
    case 0xdb:
      return readQuantTables(start, end);
    case 0xc4:
      return readHuffmanTables(start, end);
    case 0xdd:
      if (bytes != 2) return fail(Problem.BadSegment, marker, bytes);
      frame.restartInterval = big16(start);
      return true;
    case 0xe0:
      if (bytes >= 14 && load<u32>(start) == 0x4649464a && load<u8>(start, 4) == 0) frame.jfif = 1; // "JFIF", 0
      return true;
    case 0xe1:
      if (frame.orientation == 1) frame.orientation = exifOrientation(start, bytes);
      return true;
    case 0xee:
      if (bytes >= 12 && load<u32>(start) == 0x626f6441 && load<u8>(start, 4) == 0x65) {
        frame.adobe = load<u8>(start, 11); // "Adobe"
      }
      return true;
  }
  if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc8 && marker != 0xcc) return readFrame(marker, start, bytes);
  const skipped = marker == 0xcc || marker == 0xdc || (marker >= 0xe0 && marker <= 0xef) || marker == 0xfe;
  return skipped || fail(Problem.UnknownMarker, marker);
}

/** SOFn: sizes, and how each component is sampled (T.81 B.2.2). */
function readFrame(marker: i32, at: usize, bytes: i32): bool {
  if (frame.marker != 0) return fail(Problem.SecondFrame, marker);
  if (bytes < 6) return fail(Problem.BadSegment, marker, bytes);
  frame.marker = marker;
  frame.height = big16(at + 1);
  frame.width = big16(at + 3);
  frame.components = load<u8>(at, 5);
  if (marker > 0xc1) return fail(Problem.UnsupportedFrame, marker);
  if (load<u8>(at) != 8) return fail(Problem.UnsupportedPrecision, load<u8>(at));
  if (frame.height == 0) return fail(Problem.UnknownHeight);
  if (frame.width == 0) return fail(Problem.EmptyImage);
  if (frame.components != 1 && frame.components != 3) return fail(Problem.UnsupportedComponents, frame.components);
  if (bytes != 6 + 3 * frame.components) return fail(Problem.BadSegment, marker, bytes);
  for (let i = 0; i < frame.components; i++, at += 3) {
    const c = component(i);
    c.id = load<u8>(at, 6);
    c.h = load<u8>(at, 7) >> 4;
    c.v = load<u8>(at, 7) & 15;
    c.quantId = load<u8>(at, 8);
    if (c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4) return fail(Problem.BadSampling, (c.h << 4) | c.v);
    if (c.quantId > 3) return fail(Problem.MissingQuantTable, c.quantId);
  }
  return layOutFrame();
}

/** What the components stand for, by libjpeg's rules: JFIF, then Adobe, then the components' names. */
export function colourOfFrame(): Colour {
  if (frame.components == 1) return Colour.Gray;
  if (frame.jfif) return Colour.YCbCr;
  if (frame.adobe >= 0) return frame.adobe == 0 ? Colour.Rgb : Colour.YCbCr;
  const named = component(0).id == 0x52 && component(1).id == 0x47 && component(2).id == 0x42; // "R", "G", "B"
  return named ? Colour.Rgb : Colour.YCbCr;
}
