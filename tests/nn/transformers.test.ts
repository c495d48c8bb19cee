import { describe, expect, test } from 'vitest';
import { MultiHeadAttention } from '../../src/nn/attention.js';
import { defaultSettings } from '../../src/nn/conv-layer.js';
import { initialize } from '../../src/nn/initialize.js';
import { type ForwardContext, type Module, namedParameters } from '../../src/nn/module.js';
import { LayerNorm, transformerNorms } from '../../src/nn/norms.js';
import { foldPatches, foldTokens, unfoldPatches, unfoldTokens } from '../../src/nn/patches.js';
import { PositionEmbedding } from '../../src/nn/position-embedding.js';
import { TransformerEncoder } from '../../src/nn/transformer.js';
import { trace } from '../../src/scheduler/engine.js';
import { type Shape, size } from '../../src/tensor/shape.js';
import { input, scalar } from '../../src/tensor/tensor.js';
import { array, number, type RefArray } from '../reference/array.js';
import { evaluate, ReferenceSession } from '../reference/evaluate.js';
import { Random } from '../support/random.js';

const context = (training = false): ForwardContext => ({
  training,
  dropoutCounter: scalar('counter', 'u32'),
  seed: 3,
});

function noise(shape: Shape, seed: string): RefArray {
  const random = new Random(seed);
  return array(
    shape,
    Float64Array.from({ length: size(shape) }, () => random.uniform()),
  );
}

/** A layer on noise of a shape, in float64. */
function run(layer: Module, shape: Shape, x = noise(shape, 'x'), training = false): RefArray {
  initialize(layer, { seed: 7 });
  const traced = trace(() => ({ y: layer.call(input('x', shape), context(training)) }));
  return new ReferenceSession().run(
    traced,
    new Map([
      ['x', x],
      ['counter', number(1)],
    ]),
  ).y;
}

describe('patches', () => {
  const grid = { size: [4, 6], patch: [2, 3] } as const;
  const x = input('x', [2, 3, 4, 6]);
  const feeds = new Map([
    [
      x,
      array(
        x.shape,
        Array.from({ length: 144 }, (_, i) => i),
      ),
    ],
  ]);
  /** Element [image, channel, row, column]. */
  const pixel = (b: number, c: number, row: number, column: number) => ((b * 3 + c) * 4 + row) * 6 + column;

  test('pixel P of patch N, both row by row', () => {
    const [patches, tokens] = evaluate([unfoldPatches(x, grid), unfoldTokens(x, grid)], feeds);
    expect(patches.shape).toEqual([2, 3, 6, 4]);
    expect(tokens.shape).toEqual([12, 4, 3]);
    // Patch 2 begins in row 2, column 0; its pixel 4 is in its row 1, column 1.
    expect(patches.data[((1 * 3 + 2) * 6 + 4) * 4 + 2]).toBe(pixel(1, 2, 3, 1));
    expect(tokens.data[((1 * 6 + 4) * 4 + 2) * 3 + 2]).toBe(pixel(1, 2, 3, 1));
  });

  test('fold undoes unfold', () => {
    const back = [foldPatches(unfoldPatches(x, grid), grid), foldTokens(unfoldTokens(x, grid), grid)];
    for (const map of evaluate(back, feeds)) expect(map).toEqual(feeds.get(x));
  });
});

describe('positions', () => {
  const zeros = (shape: Shape) => array(shape, new Float64Array(size(shape)));

  test('sines and cosines', () => {
    const { shape, data } = run(new PositionEmbedding(5, 7, { sinusoidal: true }), [2, 5, 7], zeros([2, 5, 7]));
    expect(shape).toEqual([1, 5, 7]);
    const frequencies = [1, 0.01, 1e-4];
    for (let p = 0; p < 5; p++) {
      const row = [...frequencies.map((w) => Math.sin(p * w)), ...frequencies.map((w) => Math.cos(p * w)), 0];
      row.forEach((value, i) => {
        expect(data[p * 7 + i]).toBeCloseTo(value, 6);
      });
    }
  });

  test('a table of sines is a buffer, a trained one a parameter', () => {
    const roles = (sinusoidal: boolean) =>
      [...namedParameters(new PositionEmbedding(4, 8, { sinusoidal }))].map(([name, { role }]) => [name, role]);
    expect(roles(true)).toEqual([['pos_embed.pos_embed', 'buffer']]);
    expect(roles(false)).toEqual([['pos_embed.pos_embed', 'parameter']]);
  });

  test('another number of tokens is interpolated between neighbouring rows', () => {
    const table = run(new PositionEmbedding(4, 8), [1, 4, 8]);
    const twice = run(new PositionEmbedding(4, 8), [1, 8, 8]);
    expect(twice.shape).toEqual([1, 8, 8]);
    for (let c = 0; c < 8; c++) {
      expect(twice.data[c]).toBeCloseTo(table.data[c], 12);
      expect(twice.data[8 + c]).toBeCloseTo(0.75 * table.data[c] + 0.25 * table.data[8 + c], 12);
    }
  });
});

describe('attention', () => {
  /** softmax(q kᵀ / √d) v by loops, then the output projection. */
  function expected(layer: MultiHeadAttention, x: RefArray): number[] {
    const [batch, tokens, channels] = x.shape;
    const width = channels / layer.heads;
    const values = (name: string) => namedParameters(layer).get(name)!.state.init();
    const project = (row: ArrayLike<number>, weight: ArrayLike<number>, outputs: number) =>
      Array.from({ length: outputs }, (_, o) =>
        Array.from({ length: channels }, (_, i) => row[i] * weight[o * channels + i]).reduce((a, b) => a + b),
      );
    const result: number[] = [];
    for (let b = 0; b < batch; b++) {
      const at = (n: number) => x.data.slice((b * tokens + n) * channels, (b * tokens + n + 1) * channels);
      const qkv = Array.from({ length: tokens }, (_, n) => project(at(n), values('qkv_proj.weight'), 3 * channels));
      for (let n = 0; n < tokens; n++) {
        const joined = Array.from({ length: channels }, (_, c) => {
          const first = c - (c % width);
          const scores = qkv.map((other) => {
            let dot = 0;
            for (let i = first; i < first + width; i++) dot += qkv[n][i] * other[channels + i];
            return Math.exp(dot / Math.sqrt(width));
          });
          const total = scores.reduce((a, b) => a + b);
          return scores.reduce((sum, score, m) => sum + (score / total) * qkv[m][2 * channels + c], 0);
        });
        result.push(...project(joined, values('out_proj.weight'), channels));
      }
    }
    return result;
  }

  test.each([1, 2, 4])('with %i heads', (heads) => {
    const layer = new MultiHeadAttention(8, { heads });
    const x = noise([2, 5, 8], 'tokens');
    const got = run(layer, x.shape, x);
    expected(layer, x).forEach((value, i) => {
      expect(got.data[i]).toBeCloseTo(value, 10);
    });
  });

  test('heads divide the channels', () => {
    expect(() => new MultiHeadAttention(10, { heads: 4 })).toThrow('attention got 10 channels and 4 heads');
  });
});

test('tokens as many as channels are normalised along their channels', () => {
  const x = noise([2, 6, 6], 'square');
  const y = run(new LayerNorm(6), x.shape, x);
  for (let line = 0; line < 12; line++) {
    const row = y.data.slice(6 * line, 6 * line + 6);
    expect(row.reduce((a, b) => a + b)).toBeCloseTo(0, 10);
  }
});

test('layer_norm_2d takes pixels and channels of a sample together, layer_norm each pixel', () => {
  const x = noise([2, 4, 3, 3], 'map');
  const sums = (y: RefArray) => Array.from({ length: 4 }, (_, c) => y.data[c * 9]).reduce((a, b) => a + b);
  const sample = run(transformerNorms.layer_norm_2d(4), x.shape, x);
  expect(sample.data.slice(0, 36).reduce((a, b) => a + b)).toBeCloseTo(0, 10);
  expect(Math.abs(sums(sample))).toBeGreaterThan(1e-3);
  expect(sums(run(transformerNorms.layer_norm(4), x.shape, x))).toBeCloseTo(0, 10);
});

test('a dropped branch leaves the sample as it was', () => {
  const options = { settings: defaultSettings, heads: 2, hidden: 16 };
  const x = noise([8, 3, 8], 'samples');
  const kept = run(new TransformerEncoder(8, options), x.shape, x);
  const some = run(new TransformerEncoder(8, { ...options, drop_path: 0.5 }), x.shape, x, true);
  const same = Array.from({ length: 8 }, (_, b) => {
    const [from, to] = [b * 24, b * 24 + 24];
    return some.data.slice(from, to).every((value, i) => value === x.data[from + i]);
  });
  expect(same.filter(Boolean).length).toBeGreaterThan(0);
  expect(same.filter(Boolean).length).toBeLessThan(8);
  expect(kept.data.every((value, i) => value !== x.data[i])).toBe(true);
});
