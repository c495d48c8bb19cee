import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fromTypedArray, type SafetensorsTensor, writeSafetensors } from '../../../src/formats/safetensors.js';
import { toFloat32 } from '../../../src/formats/weights/floats.js';
import { readWeights } from '../../../src/formats/weights/read.js';
import { memoryFiles } from '../../../src/platform/memory-files.js';

const folder = resolve(import.meta.dirname, '../../fixtures/weights');
const bytes = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name)));
const load = (name: string, content = bytes(name)) => readWeights(memoryFiles(new Map([[name, content]])), name);

interface Expected {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}
const expected: { torch: Record<string, Expected>; npz: Record<string, Expected> } = JSON.parse(
  readFileSync(join(folder, 'expected.json'), 'utf8'),
);

const numbers = (name: string, tensor: SafetensorsTensor): number[] =>
  tensor.dtype === 'I64'
    ? Array.from(new BigInt64Array(tensor.bytes.slice().buffer), Number)
    : [...toFloat32(name, tensor)];

test.each([
  ['zip.pt', 'torch', expected.torch],
  ['legacy.pth', 'torch', expected.torch],
  ['stored.npz', 'npz', expected.npz],
  ['deflated.npz', 'npz', expected.npz],
])('%s holds what PyTorch or NumPy saved', async (name, format, content) => {
  const file = await load(name);
  expect(file.format).toBe(format);
  expect([...file.tensors.keys()].sort()).toEqual(Object.keys(content).sort());
  for (const [key, { shape, values }] of Object.entries(content)) {
    const tensor = file.tensors.get(key)!;
    expect(tensor.shape, key).toEqual(shape);
    expect(numbers(key, tensor), key).toEqual(values);
  }
});

test('weights are found in a checkpoint, and the names of DataParallel are shortened', async () => {
  const { tensors } = await load('checkpoint.pt');
  expect([...tensors.keys()]).toEqual([
    ...['0.weight', '0.bias', '1.weight', '1.bias'],
    ...['1.running_mean', '1.running_var', '1.num_batches_tracked'],
  ]);
  expect([...(await load('parameter.pt')).tensors.keys()]).toEqual(['weight']);
});

describe('safetensors', () => {
  const tensor = fromTypedArray(Float32Array.of(1, 2), [2]);

  test('keeps its metadata', async () => {
    const content = writeSafetensors(new Map([['a', tensor]]), new Map([['classes', '[]']]));
    const { format, metadata, tensors } = await load('w.safetensors', content);
    expect([format, metadata.get('classes'), [...tensors.keys()]]).toEqual(['safetensors', '[]', ['a']]);
  });

  test('integers are no weights', () => {
    expect(() => toFloat32('a', fromTypedArray(Int32Array.of(1), [1]))).toThrow('a is I32');
  });
});

describe('models of TensorFlow.js', () => {
  const files = (manifest: unknown, shards: Record<string, Uint8Array>) =>
    memoryFiles(
      new Map([
        ['m/model.json', new TextEncoder().encode(JSON.stringify({ weightsManifest: manifest }))],
        ['secret.bin', new Uint8Array(8)],
        ...Object.entries(shards).map(([name, shard]) => [`m/${name}`, shard] as const),
      ]),
    );
  const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

  test('shards are joined, and quantized weights are scaled', async () => {
    const manifest = [
      {
        paths: ['a.bin', 'b.bin'],
        weights: [
          { name: 'Conv1/kernel', shape: [3], dtype: 'float32' },
          { name: 'q', shape: [2], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.5, min: -1 } },
        ],
      },
    ];
    const data = new Uint8Array([...floats(1, 2, 3), 0, 4]);
    const shards = { 'a.bin': data.slice(0, 5), 'b.bin': data.slice(5) };
    const { format, tensors } = await readWeights(files(manifest, shards), 'm/model.json');
    expect(format).toBe('tfjs');
    expect([...tensors].map(([name, tensor]) => [name, numbers(name, tensor)])).toEqual([
      ['Conv1/kernel', [1, 2, 3]],
      ['q', [-1, 1]],
    ]);
  });

  const one = (path: string, shape: unknown = [2]) => [
    { paths: [path], weights: [{ name: 'a', shape, dtype: 'float32' }] },
  ];
  test.each([
    [one('../secret.bin'), 'which is no file beside it'],
    [one('/etc/passwd'), 'which is no file beside it'],
    [one('x/../../secret.bin'), 'which is no file beside it'],
    [one('..'), 'which is no file beside it'],
    [one('a.bin', [3]), 'a ends at 12 of 8 bytes'],
    [one('a.bin', [1]), 'the weights end at byte 4 of 8'],
    [one('a.bin', [2 ** 40, 2 ** 40]), 'a ends at'],
    [one('a.bin', [-1]), 'weightsManifest: 0.weights.0.shape.0 is wrong'],
    [[{ paths: ['a.bin'], weights: [{ name: '__proto__', shape: [2], dtype: 'float32' }] }], 'named __proto__'],
    [one('missing.bin'), 'cannot read m/missing.bin'],
    [[], 'it has no weights'],
    [undefined, 'weightsManifest'],
  ])('%j is refused', async (manifest, message) => {
    await expect(readWeights(files(manifest, { 'a.bin': floats(1, 2) }), 'm/model.json')).rejects.toThrow(message);
  });
});

test.each([
  ['evil.pt', 'the pickle names "__builtin__.eval", which is not allowed'],
  ['evil.pth', 'the pickle names "__builtin__.eval", which is not allowed'],
  ['module.pt', 'the pickle names "torch.nn.modules.linear.Linear", which is not allowed'],
  ['script.pt', 'is a TorchScript program'],
  ['objects.npz', 'has type |O'],
])('%s is refused', async (name, message) => {
  await expect(load(name)).rejects.toThrow(message);
});

test.each([
  ['nothing', new Uint8Array(0)],
  ['text', new TextEncoder().encode('hello, this is no file of weights')],
  ['JPEG', new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 16, 74, 70, 73, 70, 0, 1])],
])('%s is no file of weights', async (_, content) => {
  await expect(load('file', content)).rejects.toThrow('file holds no weights in a known format');
});
