import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fieldsOf, type ProtoField } from '../../../src/formats/protobuf/reader.js';
import { ProtoWriter } from '../../../src/formats/protobuf/writer.js';
import { FormatError } from '../../../src/utils/errors.js';

const write = (body: (writer: ProtoWriter) => void): Uint8Array => {
  const writer = new ProtoWriter();
  body(writer);
  return writer.finish();
};
const only = (bytes: Uint8Array): ProtoField => {
  const fields = [...fieldsOf(bytes)];
  expect(fields).toHaveLength(1);
  return fields[0];
};
const hex = (text: string) => Uint8Array.from(text.split(' '), (byte) => Number.parseInt(byte, 16));

describe('the encoding that the format documents', () => {
  test.each([
    ['varint 150 in field 1', write((w) => w.varint(1, 150)), '08 96 01'],
    ['a string in field 2', write((w) => w.string(2, 'testing')), '12 07 74 65 73 74 69 6e 67'],
    ['a nested message in field 3', write((w) => w.message(3, (inner) => inner.varint(1, 150))), '1a 03 08 96 01'],
    ['-2', write((w) => w.varint(1, -2)), '08 fe ff ff ff ff ff ff ff ff 01'],
    ['packed numbers in field 6', write((w) => w.packedVarints(6, [3, 270, 86942])), '32 06 03 8e 02 9e a7 05'],
    ['1.5 as float', write((w) => w.float(1, 1.5)), '0d 00 00 c0 3f'],
    ['a map entry', write((w) => w.entry(1, 'k', (e) => e.varint(2, 1))), '0a 05 0a 01 6b 10 01'],
    ['field 403', write((w) => w.bool(403, true)), '98 19 01'],
  ])('%s', (_name, bytes, expected) => {
    expect([...bytes]).toEqual([...hex(expected)]);
  });
});

test('integers come back, whatever their size', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      expect(only(write((w) => w.varint(7, value))).bigint()).toBe(value);
    }),
  );
});

test('numbers and texts come back', () => {
  fc.assert(
    fc.property(fc.float(), fc.double(), fc.string(), fc.array(fc.maxSafeInteger()), (f, d, text, list) => {
      expect(only(write((w) => w.float(1, f))).float()).toBe(f);
      expect(only(write((w) => w.double(1, d))).double()).toBe(d);
      expect(only(write((w) => w.string(1, text))).string()).toBe(text);
      expect(only(write((w) => w.packedVarints(1, list))).ints()).toEqual(list);
    }),
  );
});

test('large byte fields are kept by reference', () => {
  const large = new Uint8Array(5000).fill(7);
  const writer = new ProtoWriter().varint(1, 1).message(2, (inner) => inner.bytes(1, large));
  expect(writer.chunks()).toContain(large);
  expect(writer.length).toBe(writer.finish().length);
  const [, nested] = fieldsOf(writer.finish());
  const [inner] = nested.message();
  expect(inner.bytes()).toEqual(large);
});

describe('damaged messages are refused', () => {
  const good = write((w) => w.string(1, 'hello').message(2, (inner) => inner.float(1, 2)));

  test('cut off anywhere within a field', () => {
    for (let length = 1; length < good.length; length++) {
      if (length === 7) continue; // the end of the first field
      expect(() => [...fieldsOf(good.subarray(0, length))], `${length} bytes`).toThrow(FormatError);
    }
  });

  test.each([
    ['a length beyond the file', '0a ff ff ff ff 7f', /needs 34359738367 bytes, 0 are left/],
    ['a number without end', '08 ff ff ff ff ff ff ff ff ff ff 01', /more than ten bytes/],
    ['a group', '0b', /wire type 3/],
    ['field 0', '00 01', /field number 0/],
  ])('%s', (_name, bytes, message) => {
    expect(() => [...fieldsOf(hex(bytes))]).toThrow(message);
  });

  test('the wrong wire type', () => {
    expect(() => only(hex('08 01')).string()).toThrow(/wire type 0, needed 2/);
    expect(() => only(hex('0a 00')).int()).toThrow(/wire type 2, needed 0/);
    expect(() => only(hex('0a 01 ff')).string()).toThrow(/no UTF-8/);
    expect(() => only(hex('0a 03 00 00 00')).floats()).toThrow(/3 bytes of 4-byte numbers/);
  });

  test('nesting without end', () => {
    let bytes: Uint8Array = new Uint8Array(0);
    for (let i = 0; i < 100; i++) {
      const inner = bytes;
      bytes = write((w) => w.bytes(1, inner));
    }
    const descend = (fields: Iterable<ProtoField>): void => {
      for (const field of fields) descend(field.message());
    };
    expect(() => descend(fieldsOf(bytes))).toThrow(/nested 64 deep/);
  });
});
