import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { frameWords, JpegDecoder } from '../../../src/data/images/jpeg.js';
import { jpegProblems } from '../../../src/data/images/jpeg-problems.js';
import { nodePlatform } from '../../../src/platform/node.js';
import { FormatError } from '../../../src/utils/errors.js';
import { scene } from '../../support/jpeg-cases.js';
import { encodeJpeg, type JpegRecipe, jfif } from '../../support/jpeg-encoder.js';

let decoder: JpegDecoder;
beforeAll(async () => {
  decoder = await JpegDecoder.create(nodePlatform);
});

const colour: JpegRecipe = {
  width: 33,
  height: 25,
  sampling: [
    [2, 2],
    [1, 1],
    [1, 1],
  ],
  sample: scene(2),
  step: 2,
};
const encoded = encodeJpeg(colour);
const find = (bytes: Uint8Array, marker: number) => bytes.findIndex((b, i) => b === 0xff && bytes[i + 1] === marker);

/** The stream with bytes of the segment of `marker` replaced, counted from its 0xff. */
function patched(marker: number, changes: Record<number, number>, from = encoded): Uint8Array {
  const bytes = from.slice();
  for (const [offset, value] of Object.entries(changes)) bytes[find(bytes, marker) + Number(offset)] = value;
  return bytes;
}

/** The stream without the segments of `marker`. */
function without(marker: number): Uint8Array {
  let bytes = [...encoded];
  for (let at = find(Uint8Array.from(bytes), marker); at >= 0; at = find(Uint8Array.from(bytes), marker)) {
    bytes = [...bytes.slice(0, at), ...bytes.slice(at + 2 + bytes[at + 2] * 256 + bytes[at + 3])];
  }
  return Uint8Array.from(bytes);
}

test('problems have the names and the order of the module’s', () => {
  const source = readFileSync(join(import.meta.dirname, '../../../assembly/imaging/jpeg/problem.ts'), 'utf8');
  const [, body] = source.match(/enum Problem \{([^}]*)\}/)!;
  expect(Object.keys(jpegProblems)).toEqual(body.match(/\w+/g));
});

test('the frame record has its words where the wrapper reads them', () => {
  const source = readFileSync(join(import.meta.dirname, '../../../assembly/imaging/jpeg/frame.ts'), 'utf8');
  const [, body] = source.match(/class Frame \{([^}]*)\}/)!;
  const fields = [...body.matchAll(/^ {2}(\w+): (i32|usize|Colour);$/gm)].map(([, name]) => name);
  for (const [name, word] of Object.entries(frameWords)) expect(fields.indexOf(name)).toBe(word);
});

describe('what is refused says why', () => {
  const cases: Record<string, [bytes: Uint8Array, message: RegExp | string]> = {
    'nothing at all': [new Uint8Array(0), 'shorter than two bytes'],
    'a PNG': [Uint8Array.of(0x89, 0x50, 0x4e, 0x47), 'begins with 0x8950, a PNG picture'],
    progressive: [patched(0xc0, { 1: 0xc2 }), 'it is progressive'],
    lossless: [patched(0xc0, { 1: 0xc3 }), 'it is lossless'],
    arithmetic: [patched(0xc0, { 1: 0xc9 }), 'arithmetic coding'],
    '12 bits': [patched(0xc0, { 4: 12 }), 'samples have 12 bits'],
    'a height that follows later': [patched(0xc0, { 5: 0, 6: 0 }), 'DNL'],
    'no width': [patched(0xc0, { 7: 0, 8: 0 }), '0 pixels wide'],
    CMYK: [patched(0xc0, { 9: 4 }), '4 components (CMYK or YCCK)'],
    'sampling of 0': [patched(0xc0, { 11: 0x02 }), 'sampling factors are 0x2'],
    'sampling of 5': [patched(0xc0, { 11: 0x51 }), 'sampling factors are 5x1'],
    'a fractional ratio': [patched(0xc0, { 11: 0x31, 14: 0x21 }), 'sampled 2x1 in a frame of 3x1'],
    'more than 10 blocks': [patched(0xc0, { 11: 0x44 }), 'scan of 3 components'],
    'quantisation table 4': [patched(0xc0, { 12: 4 }), 'quantisation table 4'],
    'no quantisation table': [without(0xdb), 'quantisation table 0 is not defined'],
    'no Huffman table': [without(0xc4), 'DC Huffman table 0 is not defined'],
    'too many codes': [patched(0xc4, { 5: 3 }), 'DC Huffman table 0 has impossible codes'],
    'a table beyond its segment': [patched(0xc4, { 20: 255 }), 'DC Huffman table 0 has impossible codes'],
    'an AC class of 2': [patched(0xc4, { 4: 0x20 }), 'segment of marker 0xc4'],
    'a segment of length 1': [patched(0xdb, { 2: 0, 3: 1 }), 'segment of marker 0xdb has a length or content of 1'],
    'a segment beyond the end': [patched(0xe0, { 2: 0xff }), 'ends too early'],
    'no frame': [without(0xc0), 'no frame header'],
    'an unknown component in a scan': [patched(0xda, { 5: 9 }), 'scan of 3 components'],
    'components out of order': [patched(0xda, { 5: 3, 9: 1 }), 'scan of 3 components'],
    'a reserved marker': [patched(0xe0, { 1: 0xf0 }), 'marker 0xf0'],
    'no picture': [Uint8Array.from([...encoded.slice(0, find(encoded, 0xda)), 0xff, 0xd9]), 'headers but no picture'],
    'headers alone': [encoded.slice(0, find(encoded, 0xda)), 'headers but no picture'],
    'a picture that is far too large for its bytes': [patched(0xc0, { 5: 0x20, 7: 0x20 }), 'too few for its size'],
    'a component coded twice': [encodeJpeg({ ...colour, scans: [[0], [0]] }), 'component 1 is coded twice'],
    'a component without data': [encodeJpeg({ ...colour, scans: [[0], [1]] }), 'data for 2 of its 3 components'],
    'two frames': [
      encodeJpeg({ ...colour, segments: [jfif, [...encoded.slice(find(encoded, 0xc0), find(encoded, 0xc4))]] }),
      'a second frame',
    ],
    'a restart marker out of turn': [
      patched(0xd1, { 1: 0xd5 }, encodeJpeg({ ...colour, restartInterval: 1 })),
      'restart marker 0xd5',
    ],
    'restart intervals that are missing': [
      patched(0xdd, { 5: 1 }, encodeJpeg({ ...colour, restartInterval: 2 })),
      /ends too early|data is damaged/,
    ],
    'restart markers nobody announced': [
      patched(0xdd, { 1: 0xfe }, encodeJpeg({ ...colour, restartInterval: 1 })),
      /ends too early|data is damaged/,
    ],
  };
  for (const [name, [bytes, message]] of Object.entries(cases)) {
    test(name, () => {
      expect(() => decoder.decode(bytes)).toThrow(FormatError);
      expect(() => decoder.decode(bytes)).toThrow(message);
    });
  }

  test('more pixels than allowed, before memory is taken', () => {
    expect(() => decoder.decode(encoded, { maxPixels: 33 * 25 - 1 })).toThrow('33x25 pixels: at most 824 are allowed');
    const bomb = patched(0xc0, { 5: 0xff, 6: 0xff, 7: 0xff, 8: 0xff });
    expect(() => decoder.decode(bomb)).toThrow('65535x65535 pixels');
    expect(() => decoder.decode(bomb, { maxPixels: Number.POSITIVE_INFINITY })).toThrow('too few for its size');
  });
});

describe('what is odd but whole is decoded', () => {
  const want = () => decoder.decode(encoded).data.slice();
  const cases: Record<string, Uint8Array> = {
    'no end marker': encoded.slice(0, -2),
    'bytes behind the end': Uint8Array.from([...encoded, 1, 2, 3]),
    'comments and unknown application data': encodeJpeg({
      ...colour,
      segments: [jfif, [0xff, 0xfe, 0, 4, 1, 2], [0xff, 0xeb, 0, 2], [0xff, 0xff, 0xfe, 0, 2]],
    }),
    'garbage between segments': encodeJpeg({ ...colour, segments: [jfif, [1, 2, 3]] }),
    'restart markers': encodeJpeg({ ...colour, restartInterval: 1 }),
    'scans of their own': encodeJpeg({ ...colour, scans: [[0], [1], [2]] }),
  };
  for (const [name, bytes] of Object.entries(cases)) {
    test(name, () => expect(Buffer.compare(decoder.decode(bytes).data, want())).toBe(0));
  }
});

test('the header tells size, components and EXIF orientation of either byte order', () => {
  const little = [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0];
  const big = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0];
  const exif = (tiff: number[]) => [0xff, 0xe1, 0, tiff.length + 8, 0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff];
  const orientation = (tiff: number[]) => decoder.header(encodeJpeg({ ...colour, segments: [exif(tiff)] })).orientation;
  expect(decoder.header(encoded)).toEqual({ width: 33, height: 25, components: 3, orientation: 1 });
  expect([orientation(little), orientation(big)]).toEqual([6, 8]);
  for (let length = 0; length < little.length; length++) {
    expect([1, 6]).toContain(orientation(little.slice(0, length)));
  }
});

describe('damage', () => {
  const streams = [
    encoded,
    encodeJpeg({ ...colour, restartInterval: 2, wideTables: true }),
    encodeJpeg({ ...colour, scans: [[0], [1, 2]], step: 0.3 }),
    encodeJpeg({ ...colour, sampling: [[1, 1]], step: 0.3 }),
  ];
  /** True when the picture came out; any error but FormatError ends the test. */
  function survives(bytes: Uint8Array): boolean {
    try {
      const { width, height, data } = decoder.decode(bytes, { maxPixels: 1 << 22 });
      expect(data.length).toBe(width * height * 3);
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
      return false;
    }
  }

  test('a cut at any byte is an error, or leaves a whole picture', () => {
    for (const bytes of streams) {
      const whole = decoder.decode(bytes).data.slice();
      let decoded = 0;
      for (let length = 0; length < bytes.length; length++) {
        if (!survives(bytes.subarray(0, length))) continue;
        decoded++;
        expect(Buffer.compare(decoder.decode(bytes.subarray(0, length)).data, whole)).toBe(0);
      }
      expect(decoded).toBeLessThanOrEqual(2); // the end marker is all that may be missing
    }
  });

  test('2,000 mutated streams give clean errors or pictures', () => {
    const mutation = fc.record({
      at: fc.nat(),
      value: fc.nat(255),
      kind: fc.constantFrom('set', 'flip', 'drop', 'add'),
    });
    const mutate = (stream: Uint8Array, { at, value, kind }: { at: number; value: number; kind: string }) => {
      const bytes = [...stream];
      const place = at % bytes.length;
      if (kind === 'set') bytes[place] = value;
      else if (kind === 'flip') bytes[place] ^= 1 << (value & 7);
      else if (kind === 'drop') bytes.splice(place, 1 + (value & 7));
      else bytes.splice(place, 0, value);
      return Uint8Array.from(bytes);
    };
    let decoded = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...streams),
        fc.array(mutation, { minLength: 1, maxLength: 8 }),
        (stream, mutations) => {
          if (survives(mutations.reduce(mutate, stream))) decoded++;
        },
      ),
      { numRuns: 2000 },
    );
    expect(decoded).toBeGreaterThan(0);
    expect(survives(encoded)).toBe(true);
  });

  test('random bytes behind a header give clean errors or pictures', () => {
    const data = find(encoded, 0xda) + 14;
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 60, maxLength: 600 }), (bytes) => {
        survives(Uint8Array.from([...encoded.subarray(0, data), ...bytes]));
      }),
      { numRuns: 500 },
    );
  });
});
