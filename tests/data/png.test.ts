import { expect, test } from 'vitest';
import { ImageDecoders } from '../../src/data/images/decoder.js';
import { PngDecoder } from '../../src/data/images/png.js';
import { crop } from '../../src/data/transforms/geometry.js';
import { FormatError } from '../../src/utils/errors.js';
import golden from '../fixtures/png.json' with { type: 'json' };

const { width, height } = golden;
const decoder = new PngDecoder();
const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));
const colour = bytesOf(golden.files.find(({ name }) => name === 'colour')!.file);

test.each(golden.files)("$name: Pillow's pixels", ({ file, rgb }) => {
  const bytes = bytesOf(file);
  expect(decoder.header(bytes)).toEqual({ width, height });
  expect(decoder.decode(bytes)).toEqual({ width, height, channels: 3, data: bytesOf(rgb) });
});

test('a region is the crop of the whole', () => {
  const region = { x: 3, y: 1, width: 6, height: 3 };
  expect(decoder.decode(colour, { region })).toEqual(crop(decoder.decode(colour), region));
});

test('whatever is cut off or changed: an error of ours, or pixels', () => {
  for (let length = 0; length < colour.length; length++) {
    expect(() => decoder.decode(colour.subarray(0, length)), `${length} bytes`).toThrow(FormatError);
  }
  let refused = 0;
  for (let at = 0; at < colour.length; at++) {
    const changed = colour.slice();
    changed[at] ^= 0x55;
    try {
      expect(decoder.decode(changed).data.length % 3).toBe(0);
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(colour.length * 0.9);
});

test('a size that no memory holds is refused before anything is allocated', () => {
  const bomb = colour.slice();
  new DataView(bomb.buffer).setUint32(16, 0x7fffffff);
  expect(() => decoder.decode(bomb)).toThrow('2147483647x5 pixels');
});

test('the first bytes choose the decoder', () => {
  const decoders = new ImageDecoders({ png: decoder });
  expect(decoders.header(colour)).toEqual({ width, height });
  expect(decoders.decode(colour).data).toHaveLength(width * height * 3);
  expect(() => decoders.decode(Uint8Array.of(0xff, 0xd8, 0xff))).toThrow('starts with ff d8 ff');
  expect(() => decoders.header(new Uint8Array(0))).toThrow('the file is empty');
});
