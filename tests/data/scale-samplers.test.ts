import { describe, expect, test } from 'vitest';
import { epochIndices } from '../../src/data/samplers/indices.js';
import { MultiScaleSampler } from '../../src/data/samplers/multi-scale-sampler.js';
import type { SamplerBatch } from '../../src/data/samplers/sampler.js';
import {
  VariableBatchSampler,
  type VariableBatchSamplerOptions,
} from '../../src/data/samplers/variable-batch-sampler.js';

type Partial3<T> = Partial<T> & { readonly side?: readonly [base: number, min: number, max: number] };

function variable({ side = [224, 128, 320], ...rest }: Partial3<VariableBatchSamplerOptions>): VariableBatchSampler {
  const [base, min, max] = side;
  const range = { base, min, max };
  return new VariableBatchSampler({
    count: 1000,
    shuffle: true,
    height: range,
    width: range,
    maxScales: 5,
    checkScale: 32,
    batchSize: 128,
    ...rest,
  });
}

const text = (sampler: VariableBatchSampler | MultiScaleSampler, epoch = 0) =>
  sampler
    .table(epoch)
    .map(({ height, width, batch }) => (height === width ? `${height}:${batch}` : `(${height},${width},${batch})`))
    .join(' ');

// Obtained from CVNets' own code (v0.4).
test.each([
  [[224, 128, 320], 5, 128, '128:392 192:174 224:128 288:77 320:62'],
  [[224, 128, 320], 5, 256, '128:784 192:348 224:256 288:154 320:125'],
  [[224, 128, 320], 10, 128, '128:392 160:250 192:174 224:128 256:98 288:77 320:62'],
  [[224, 128, 320], 25, 256, '128:784 160:501 192:348 224:256 256:196 288:154 320:125'],
  [[256, 160, 320], 5, 128, '160:327 192:227 256:128 288:101 320:81'],
  [[224, 160, 320], 5, 256, '160:501 192:348 224:256 256:196 288:154 320:125'],
  [[300, 160, 448], 10, 128, '160:450 192:312 224:229 256:175 288:138 320:112 352:92 384:78 416:66 448:57'],
  [[1024, 512, 1280], 10, 4, '512:16 608:11 672:9 768:7 864:5 928:4 1024:4 1120:3 1184:2 1280:2'],
] as const)('table of base, min and max %j with %i scales and batch %i', (side, maxScales, batchSize, expected) => {
  expect(text(variable({ side, maxScales, batchSize }))).toBe(expected);
});

test('heights and widths have ranges of their own', () => {
  const sampler = variable({
    height: { base: 192, min: 128, max: 256 },
    width: { base: 320, min: 256, max: 384 },
    batchSize: 64,
  });
  expect(text(sampler)).toBe('(128,256,120) (160,288,85) (192,320,64) (224,352,49) (256,384,40)');
});

test('the range grows before the epochs that are named, and the base stays', () => {
  const growth = { epochs: [40, 20], minFactor: 0.25, maxFactor: 0.25 };
  const sampler = variable({ growth });
  expect(text(sampler, 19)).toBe('128:392 192:174 224:128 288:77 320:62');
  expect(text(sampler, 20)).toBe('160:250 224:128 288:77 352:51 416:37');
  expect(text(sampler, 39)).toBe(text(sampler, 20));
  // 160 and 400 grow once more, to 200 and 500.
  expect(text(sampler, 40)).toBe(text(variable({ side: [224, 200, 500] })));
  const shapes = new Set(sampler.shapes.map((shape) => JSON.stringify(shape)));
  for (const epoch of [0, 20, 40]) {
    for (const { indices, ...size } of sampler.epoch(epoch)) {
      expect(shapes).toContain(JSON.stringify({ ...size, batch: indices.length }));
    }
  }
});

test('batch_size_at max: the batch size is that of the largest resolution', () => {
  expect(text(variable({ batchSizeAt: 'max' }))).toBe('128:800 192:355 224:261 288:158 320:128');
});

test('the fixed batch has the same sizes', () => {
  const range = { base: 224, min: 128, max: 320 };
  const sampler = new MultiScaleSampler({
    count: 1000,
    shuffle: true,
    height: range,
    width: range,
    maxScales: 5,
    checkScale: 32,
    batchSize: 100,
  });
  expect(text(sampler)).toBe('128:100 192:100 224:100 288:100 320:100');
  expect(sampler.batches(4)).toBe(10);
  // The same stream as the variable batch: the first draw after the shuffle of epoch 0.
  const [{ height, indices }] = sampler.epoch(0);
  expect([height, ...indices.subarray(0, 4)]).toEqual([288, 439, 621, 160, 549]);
});

describe("CVNets' sequences for 1000 images, batch 128", () => {
  const golden: readonly (readonly string[])[] = [
    [
      '288 77 [439 621 160 549; 503]',
      '288 77 [470 709 260 35; 352]',
      '288 77 [270 850 329 653; 882]',
      '192 174 [948 26 575 331; 819]',
      '192 174 [580 311 198 405; 489]',
      '288 77 [639 300 132 836; 956]',
      '192 174 [936 192 425 51; 118]',
      '320 62 [868 332 84 365; 340]',
      '128 392 [560 127 723 298; 254]',
    ],
    [
      '128 392 [852 836 280 575; 334]',
      '192 174 [372 312 286 776; 65]',
      '128 392 [994 408 320 400; 9]',
      '288 77 [554 665 26 22; 125]',
    ],
    [
      '192 174 [290 214 112 544; 499]',
      '192 174 [673 525 80 101; 614]',
      '128 392 [446 710 452 202; 237]',
      '320 62 [650 464 98 174; 37]',
      '320 62 [155 253 44 603; 524]',
      '128 392 [500 212 748 319; 641]',
    ],
  ];
  const describeBatch = ({ height, indices }: SamplerBatch) =>
    `${height} ${indices.length} [${indices.subarray(0, 4).join(' ')}; ${indices.at(-1)}]`;

  test.each([0, 1, 2])('epoch %i', (epoch) => {
    const sampler = variable({});
    expect([...sampler.epoch(epoch)].map(describeBatch)).toEqual(golden[epoch]);
    expect(sampler.batches(epoch)).toBe(golden[epoch].length);
  });

  test('the last batch of epoch 0 has 108 images of its own and 284 from the front', () => {
    const last = [...variable({}).epoch(0)].at(-1)!;
    expect([...last.indices.subarray(108)]).toEqual(
      [...epochIndices(0, { count: 1000, shuffle: true }).indices].slice(0, 284),
    );
  });
});

// As many batches as images of a rank divided by the mean batch size of the table, whatever is drawn.
test.each([
  [[224, 128, 320], 961],
  [[256, 160, 320], 927],
] as const)('ImageNet on 8 ranks, base, min and max %j: some %i updates an epoch', (side, updates) => {
  const sampler = variable({ side, count: 1_281_167, rank: 3, world: 8 });
  const epochs = [0, 1, 2].map((epoch) => sampler.batches(epoch));
  const mean = epochs.reduce((sum, batches) => sum + batches, 0) / epochs.length;
  expect(Math.abs(mean / updates - 1)).toBeLessThan(0.03);
  expect(variable({ side, count: 1_281_167, rank: 7, world: 8 }).batches(2)).toBe(epochs[2]);
});

test('evaluation: base resolution, in order, the last batch filled from the front', () => {
  const batches = [...variable({ count: 250, batchSize: 100, shuffle: false }).epoch(7)];
  expect(batches.map(({ height, width, indices }) => [height, width, indices.length])).toEqual([
    [224, 224, 100],
    [224, 224, 100],
    [224, 224, 100],
  ]);
  expect(batches.flatMap(({ indices }) => [...indices]).slice(0, 250)).toEqual(
    Array.from({ length: 250 }, (_, i) => i),
  );
  expect(batches[2].indices.at(-1)).toBe(49);
});

test('refuses ranges and sizes that make no sense', () => {
  expect(() => variable({ batchSize: 0 })).toThrow('the batch size is 0');
  expect(() => variable({ count: 0 })).toThrow('0 images');
  expect(() => variable({ maxScales: 0 })).toThrow('the number of scales is 0');
  expect(() => variable({ side: [224, 320, 128] })).toThrow('the largest height is 128, the smallest 320');
  expect(() => variable({ side: [224.5, 128, 320] })).toThrow('the base height is 224.5');
});
