import { expect, test } from 'vitest';
import { footnote, headlines } from '../../../src/cli/bench/headlines.js';
import type { BenchRow } from '../../../src/cli/bench/row.js';

const row = (peer: string, ratio: number, more: Partial<BenchRow> = {}): BenchRow => ({
  suite: 'models',
  case: 'net',
  device: 'wasm',
  adapter: 'simd',
  metric: 'training step',
  unit: 'images/s',
  ours: 1,
  peer,
  ratio,
  ...more,
});

test('a peer is represented by its fastest variant', () => {
  const rows = [row('torch 2 a', 3), row('torch 2 b', 0.9), row('torch 2 c', 2), row('tfjs 4', 800)];
  expect(headlines(rows)).toEqual([
    '0.9x net (wasm) beside torch 2 b, its fastest of 3',
    '800x net (wasm) beside tfjs 4',
  ]);
});

test('software adapters, counts and cases without a peer make no headline', () => {
  const alone = { ...row('', 1), peer: undefined, ratio: undefined };
  const software = row('tfjs', 9, { software: true, adapter: 'llvmpipe (software)' });
  expect(headlines([alone, software, row('tfjs', 9, { metric: 'pipelines', unit: 'count' })])).toEqual([]);
  expect(footnote([software, alone])).toEqual([
    'measured on wasm: llvmpipe (software); wasm: simd',
    expect.stringContaining('SOFTWARE ADAPTER'),
  ]);
});
