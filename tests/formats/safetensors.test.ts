import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  fromTypedArray,
  readSafetensors,
  type SafetensorsTensor,
  toTypedArray,
  writeSafetensors,
} from '../../src/formats/safetensors.js';
import { FormatError } from '../../src/utils/errors.js';

/** A file from a header as text and the number of data bytes after it. */
function file(header: unknown, dataBytes = 0): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const entry = (begin: number, end: number, dtype = 'F32', shape: unknown = [(end - begin) / 4]) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

test('what is written is read', () => {
  const weight = Float32Array.of(1, -2, 3.5, Number.NaN, Number.POSITIVE_INFINITY, -0);
  const bytes = writeSafetensors(
    new Map([
      ['label', fromTypedArray(Uint8Array.of(7, 8, 9), [3])],
      ['weight', fromTypedArray(weight, [2, 3])],
      ['step', fromTypedArray(Uint32Array.of(12), [])],
    ]),
    new Map([['epoch', '3']]),
  );
  const { tensors, metadata } = readSafetensors(bytes);
  expect(tensors.get('weight')?.shape).toEqual([2, 3]);
  expect(toTypedArray('weight', tensors.get('weight')!)).toEqual(weight);
  expect(toTypedArray('step', tensors.get('step')!)).toEqual(Uint32Array.of(12));
  expect(toTypedArray('label', tensors.get('label')!)).toEqual(Uint8Array.of(7, 8, 9));
  expect([...metadata]).toEqual([['epoch', '3']]);
});

const tensors = fc
  .uniqueArray(
    fc.record({
      name: fc.string({ unit: 'grapheme', maxLength: 6 }).filter((s) => s !== '__proto__' && s !== '__metadata__'),
      kind: fc.constantFrom('F32', 'I32', 'U32', 'U8', 'F16', 'I64'),
      shape: fc.array(fc.nat(4), { maxLength: 3 }),
      seed: fc.nat(255),
    }),
    { selector: ({ name }) => name, maxLength: 8 },
  )
  .map((records) =>
    records.map(({ name, kind, shape, seed }): [string, SafetensorsTensor] => {
      const width = { F32: 4, I32: 4, U32: 4, U8: 1, F16: 2, I64: 8 }[kind]!;
      const length = shape.reduce((n, d) => n * d, 1) * width;
      return [name, { dtype: kind as 'F32', shape, bytes: Uint8Array.from({ length }, (_, i) => (seed + i) & 255) }];
    }),
  );

test('round trip, and bytes that do not depend on the order of insertion', () => {
  fc.assert(
    fc.property(tensors, fc.dictionary(fc.string(), fc.string()), (list, meta) => {
      const metadata = new Map(Object.entries(meta).filter(([key]) => key !== '__proto__'));
      const bytes = writeSafetensors(new Map(list), metadata);
      expect(writeSafetensors(new Map([...list].reverse()), metadata)).toEqual(bytes);
      const back = readSafetensors(bytes);
      expect(new Map(back.metadata)).toEqual(metadata);
      expect(back.tensors.size).toBe(list.length);
      for (const [name, tensor] of list) {
        const read = back.tensors.get(name)!;
        expect({ ...read, bytes: [...read.bytes] }).toEqual({ ...tensor, bytes: [...tensor.bytes] });
        expect(read.bytes.byteOffset % { F32: 4, I32: 4, U32: 4, U8: 1, F16: 2, I64: 8 }[read.dtype as 'F32']!).toBe(0);
      }
    }),
  );
});

describe('damaged files', () => {
  test.each<[string, Uint8Array, string]>([
    ['empty', new Uint8Array(0), 'too few'],
    ['header beyond the end', file('{}').with(0, 200), 'header of 200 bytes'],
    ['header of 2^56 bytes', file('{}').with(7, 1), 'in a file of 10'],
    ['no JSON', file('{"a"'), 'not JSON'],
    ['a list', file('[]'), 'not a JSON object'],
    ['bad UTF-8', file('{}xx').with(10, 0xff), 'not JSON'],
    ['__proto__', file('{"__proto__":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}', 4), '__proto__'],
    ['__proto__ in metadata', file('{"__metadata__":{"__proto__":"x"}}'), '__metadata__'],
    ['metadata that is no text', file({ __metadata__: { a: 1 } }), '__metadata__.a'],
    ['entry that is no object', file({ a: 3 }), 'a is not an object'],
    ['unknown type', file({ a: entry(0, 4, 'F8') }, 4), 'dtype F8'],
    ['type from the prototype', file({ a: entry(0, 4, 'toString') }, 4), 'dtype toString'],
    ['negative dimension', file({ a: entry(0, 4, 'F32', [-1]) }, 4), 'shape [-1]'],
    ['fractional dimension', file({ a: entry(0, 4, 'F32', [0.5]) }, 4), 'shape [0.5]'],
    ['too large for exact numbers', file({ a: entry(0, 4, 'F32', [2 ** 52, 2 ** 52]) }, 4), 'needs'],
    ['offsets backwards', file({ a: entry(4, 0, 'F32', [1]) }, 4), 'is at 4..0'],
    ['offsets beyond the data', file({ a: entry(0, 8) }, 4), 'is at 0..8 of 4'],
    ['three offsets', file({ a: { dtype: 'U8', shape: [1], data_offsets: [0, 1, 1] } }, 1), 'offsets'],
    ['shape and bytes differ', file({ a: entry(0, 8, 'F32', [3]) }, 8), 'needs 12 bytes, has 8'],
    ['overlap', file({ a: entry(0, 8), b: entry(4, 12) }, 12), 'b starts at byte 4'],
    ['the same bytes twice', file({ a: entry(0, 8), b: entry(0, 8) }, 8), 'b starts at byte 0'],
    ['gap', file({ a: entry(0, 4), b: entry(8, 12) }, 12), 'b starts at byte 8'],
    ['bytes left over', file({ a: entry(0, 4) }, 5), 'end at byte 4 of 5'],
  ])('%s', (_, bytes, message) => {
    const read = () => readSafetensors(bytes, 'x.safetensors');
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
  });

  test('any flip of a byte gives a file or a FormatError', () => {
    const good = writeSafetensors(new Map([['w', fromTypedArray(Float32Array.of(1, 2), [2])]]), new Map([['a', 'b']]));
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, value, length) => {
        try {
          readSafetensors(good.with(at, value).subarray(0, length));
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

test('types that training does not use are refused by name', () => {
  const tensor: SafetensorsTensor = { dtype: 'BF16', shape: [1], bytes: new Uint8Array(2) };
  expect(() => toTypedArray('w', tensor)).toThrow('w is BF16');
});

test('the writer refuses what the reader would', () => {
  const tensor = fromTypedArray(Float32Array.of(1), [1]);
  expect(() => writeSafetensors(new Map([['__proto__', tensor]]))).toThrow('__proto__');
  expect(() => writeSafetensors(new Map([['a', { ...tensor, shape: [2] }]]))).toThrow('has 4 bytes');
});
