import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readNpy } from '../../../src/formats/weights/npz.js';
import { readWeights } from '../../../src/formats/weights/read.js';
import { memoryFiles } from '../../../src/platform/memory-files.js';
import { FormatError } from '../../../src/utils/errors.js';
import { Random } from '../../support/random.js';
import { writeZip, type ZipPart } from '../../support/zip-writer.js';

const load = (content: Uint8Array, name = 'w.pt') => readWeights(memoryFiles(new Map([[name, content]])), name);
const refused = async (content: Uint8Array, message: string) => {
  await expect(load(content)).rejects.toThrow(FormatError);
  await expect(load(content)).rejects.toThrow(message);
};

/** Bytes of texts (one byte a character) and numbers. */
const latin1 = (...parts: (string | number | number[])[]): Uint8Array =>
  new Uint8Array(
    Buffer.concat(
      parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from([part].flat()))),
    ),
  );

const u32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];

describe('pickles', () => {
  /** A PyTorch archive whose data.pkl is this program. */
  const archive = (...program: (string | number | number[])[]): Uint8Array =>
    writeZip([
      { name: 'a/data.pkl', content: latin1(0x80, 2, ...program) },
      { name: 'a/data/0', content: new Uint8Array(16) },
    ]);
  const text = (value: string): string => `X${String.fromCharCode(...u32(value.length))}${value}`;
  const storage = (elements: number, key = '0', type = 'torch\nFloatStorage'): string =>
    `(${text('storage')}c${type}\n${text(key)}${text('cpu')}J${String.fromCharCode(...u32(elements))}tQ`;
  const number = (value: number): string => `J${String.fromCharCode(...u32(value))}`;
  const tuple = (...values: number[]): string => `(${values.map(number).join('')}t`;
  const tensor = (elements: number, offset: number, shape: string, strides: string, from = storage(elements)): string =>
    `ctorch._utils\n_rebuild_tensor_v2\n(${from}${number(offset)}${shape}${strides}\x89ccollections\nOrderedDict\n)RtR`;
  const dict = (name: string, value: string): string => `}(${text(name)}${value}u.`;

  test('one that is right is read', async () => {
    const { tensors } = await load(archive(dict('weight', tensor(4, 1, tuple(3), tuple(1)))));
    expect(tensors.get('weight')).toMatchObject({ dtype: 'F32', shape: [3] });
  });

  test.each([
    ['a system call', `cos\nsystem\n(${text('true')}tR.`, 'names "os.system", which is not allowed'],
    ['a call by attribute', 'cbuiltins\ngetattr\n.', 'names "builtins.getattr"'],
    ['a global by stack', `${text('posix') + text('system')}\x93.`, 'names "posix.system"'],
    [
      'an allowed module with another function',
      'ctorch._utils\n_rebuild_qtensor\n.',
      'names "torch._utils._rebuild_qtensor"',
    ],
    ['the extension registry', '\x82\x01.', 'opcode 0x82'],
    ['a new object', 'ccollections\nOrderedDict\n)\x81.', 'opcode 0x81'],
    ['an old instance', '(icollections\nOrderedDict\n.', 'opcode 0x69'],
    ['a call of data', 'K\x01)R.', 'it calls something that is no function'],
    ['a call of a type of storage', 'ctorch\nFloatStorage\n)R.', 'it calls something that is no function'],
    ['attributes of a tensor', `${tensor(4, 0, tuple(4), tuple(1))}}b.`, 'it sets attributes of an object'],
    ['a key named __proto__', dict('__proto__', tensor(4, 0, tuple(4), tuple(1))), 'a key is named __proto__'],
    ['a text of 4 GB', `X${String.fromCharCode(...u32(0xfffffff0))}a.`, '4294967280 bytes are needed'],
    ['a frame of 2^60', '\x95\0\0\0\0\0\0\0\x10.', 'a length is'],
    ['an integer of 255 bytes', `\x8a\xff${'\x01'.repeat(255)}.`, 'an integer has 255 bytes'],
    ['a value never remembered', 'h\x05.', 'value 5 was never remembered'],
    ['a mark that is missing', 't.', 'a mark is missing'],
    ['an empty stack', '.', 'a value is missing'],
    ['an end that is missing', 'K\x01', '1 bytes are needed'],
    ['something left over', 'K\x01K\x02.', 'something is left'],
    ['protocol 9', '\x80\x09.', 'protocol 9'],
    ['no state dict', 'K\x01.', 'holds no state dict'],
    ['a tensor outside of its storage', dict('w', tensor(4, 2, tuple(3), tuple(1))), 'outside of its 4 elements'],
    [
      'a tensor larger than its storage',
      dict('w', tensor(4, 0, tuple(1 << 20, 1 << 10), tuple(0, 0))),
      'outside of its 4 elements',
    ],
    ['a negative shape', dict('w', tensor(4, 0, tuple(-1), tuple(1))), 'a shape is "-1"'],
    ['a negative stride', dict('w', tensor(4, 3, tuple(4), tuple(-1))), 'strides is "-1"'],
    ['a storage longer than its file', dict('w', tensor(5, 0, tuple(5), tuple(1))), 'data/0 has 16 bytes'],
    ['a storage that is not there', dict('w', tensor(4, 0, tuple(4), tuple(1), storage(4, '7'))), 'has no data/7'],
    [
      'a storage in another folder',
      dict('w', tensor(4, 0, tuple(4), tuple(1), storage(4, '../data.pkl'))),
      'a storage is named',
    ],
    [
      'a storage of functions',
      dict('w', tensor(4, 0, tuple(4), tuple(1), storage(4, '0', 'torch\nSize'))),
      'no storage',
    ],
  ])('%s is refused', (_, program, message) => refused(archive(program), message));

  test('a dict that holds itself ends', async () => {
    await refused(archive('}q\x01(', text('state_dict'), 'h\x01u.'), 'holds no state dict');
  });

  test('copies of transposed tensors may not fill the memory', async () => {
    const transposed = tensor(4096, 0, tuple(64, 64), tuple(1, 64));
    const parts = (count: number) => {
      const items = Array.from({ length: count }, (_, i) => `${text(`w${i}`)}${transposed}`).join('');
      const pickle = latin1(0x80, 2, `}(${items}u.`);
      return writeZip([
        { name: 'a/data.pkl', content: pickle },
        { name: 'a/data/0', content: new Uint8Array(16384) },
      ]);
    };
    expect((await load(parts(2))).tensors.size).toBe(2);
    await refused(parts(50), 'far more memory than the file has bytes');
  });
});

describe('archives', () => {
  const zeros = (bytes: number): Uint8Array => new Uint8Array(bytes);
  const npy = (
    content: Uint8Array,
    header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${content.length},), }`,
  ) => latin1('\x93NUMPY\x01\x00', [header.length % 256, header.length >> 8], header, [...content]);
  const part = (lie?: ZipPart['lie'], deflate = false): ZipPart => ({
    name: 'x.npy',
    content: npy(zeros(64)),
    lie,
    deflate,
  });
  const big = npy(zeros(70_000_000).subarray(0, 64));

  test('one that is right is read', async () => {
    for (const deflate of [false, true]) {
      const { tensors } = await load(writeZip([part({}, deflate)]));
      expect(tensors.get('x')?.shape).toEqual([64]);
    }
  });

  test.each([
    ['a claim of 3 GB', writeZip([part({ size: 3e9 }, true)]), 'it is a zip bomb'],
    ['more than it claims', writeZip([part({ size: 100 }, true)]), 'unpacks to more than the 100 bytes that it claims'],
    ['less than it claims', writeZip([part({ size: 500 }, true)]), 'of 500 bytes'],
    [
      'a hundred claims of 1 MB',
      writeZip(Array.from({ length: 100 }, (_, i) => ({ ...part({ size: 1e6 }, true), name: `${i}.npy` }))),
      'it is a zip bomb',
    ],
    ['entries that share data', writeZip([part(), { ...part({ at: 0 }), name: 'y.npy' }]), 'overlaps'],
    ['two entries of one name', writeZip([part(), part()]), 'two entries are named x.npy'],
    ['a wrong checksum', writeZip([part({ crc: 1 })]), 'the checksum of x.npy is wrong'],
    [
      'data that is not deflated',
      writeZip([{ name: 'x.npy', content: new Uint8Array(64).fill(0xff), lie: { method: 8 } }]),
      'cannot be unpacked',
    ],
    ['encryption', writeZip([part({ flags: 1 })]), 'is encrypted'],
    ['an unknown method', writeZip([part({ method: 99 })]), 'method 99'],
    ['sizes that differ', writeZip([part({ size: 99 })]), 'is stored, but has'],
    ['data beyond the end', writeZip([part({ packed: 9999, size: 9999 })]), 'runs over the end'],
    ['an entry that is elsewhere', writeZip([part({ at: 7 })]), 'is not at byte 7'],
    ['zip64', writeZip([part({ at: 0xffffffff })]), 'zip64'],
    ['more entries than there are', writeZip([part()], { count: 3000 }), 'do not fit'],
    ['a directory that is elsewhere', writeZip([part()], { start: 1 }), 'is no directory entry'],
    ['no end', writeZip([part()]).slice(0, -5), 'it was cut off'],
    ['a file that is no array', writeZip([{ name: 'readme.txt', content: zeros(4) }]), 'readme.txt is no array'],
    ['an array named __proto__', writeZip([{ name: '__proto__.npy', content: big }]), '__proto__'],
  ])('%s is refused', (_, content, message) => refused(content, message));

  test.each([
    ["__import__('os')", 'its header is no dict'],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}", 'its header has "'],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (__import__('os'),)}", 'its header has "'],
    ["{'descr': '<f4', 'fortran_order': False}", 'has no shape'],
    ["{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}", 'two of descr'],
    ["{'descr': '>f4', 'fortran_order': False, 'shape': ()}", 'has type >f4'],
    ["{'descr': '|O', 'fortran_order': False, 'shape': ()}", 'has type |O'],
    ["{'descr': '<f4', 'fortran_order': 'False', 'shape': ()}", 'values of other kinds'],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", 'its shape is'],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (4294967295, 4294967295)}", 'bytes, has 4'],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 'F32[2] needs 8 bytes, has 4'],
  ])('an array with the header %s is refused', (header, message) => {
    expect(() => readNpy(npy(zeros(4), header), 'x')).toThrow(message);
  });

  test('a header of digits takes no time', () => {
    const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${'1 '.repeat(30000)}`;
    const started = performance.now();
    expect(() => readNpy(npy(zeros(4), header), 'x')).toThrow(FormatError);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('every file that is cut or changed', () => {
  const folder = resolve(import.meta.dirname, '../../fixtures/weights');
  const names = ['zip.pt', 'legacy.pth', 'deflated.npz', 'stored.npz'];

  test.each(names)('%s: is read, or refused by a FormatError', async (name) => {
    const whole = new Uint8Array(readFileSync(join(folder, name)));
    const attempt = async (content: Uint8Array): Promise<void> => {
      await load(content, name).catch((error) => expect(error).toBeInstanceOf(FormatError));
    };
    for (let length = 0; length < whole.length; length += 7) await attempt(whole.slice(0, length));
    const random = new Random(name);
    for (let i = 0; i < 400; i++) {
      const changed = whole.slice();
      changed[random.integer(whole.length)] = random.integer(256);
      await attempt(changed);
    }
  });
});
