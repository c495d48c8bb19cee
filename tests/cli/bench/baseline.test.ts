import { expect, test } from 'vitest';
import { compareWithBaseline, parseRows } from '../../../src/cli/bench/baseline.js';
import { type BenchRow, ratioOf } from '../../../src/cli/bench/row.js';

const row = (name: string, ours: number, more: Partial<BenchRow> = {}): BenchRow => ({
  suite: 'kernels',
  case: name,
  device: 'wasm',
  adapter: 'one',
  metric: 'rate',
  unit: 'GFLOP/s',
  ours,
  ...more,
});

test('a ratio above 1 is in our favour, whichever way the unit points', () => {
  expect(ratioOf('GFLOP/s', 20, 10)).toBe(2);
  expect(ratioOf('ms', 20, 10)).toBe(0.5);
  expect(ratioOf('bytes', 5, 10)).toBe(2);
});

test('regressions are found in both directions of units, worst first', () => {
  const before = [
    row('a', 50),
    row('b', 50),
    row('c', 10, { unit: 'ms' }),
    row('d', 10, { unit: 'ms' }),
    row('old', 1),
  ];
  const now = [row('a', 40), row('b', 80), row('c', 30, { unit: 'ms' }), row('d', 5, { unit: 'ms' }), row('new', 1)];
  const { regressions, improvements, gone, added } = compareWithBaseline(now, before);
  expect(regressions.map((change) => [change.row.case, change.before, change.ratio])).toEqual([
    ['c', 10, 1 / 3],
    ['a', 50, 0.8],
  ]);
  expect(improvements.map((change) => change.row.case)).toEqual(['d', 'b']);
  expect([gone, added]).toEqual([1, 1]);
});

test('what lies within the spread of the rounds, or within 5 %, is noise', () => {
  const changed = (now: BenchRow, before: BenchRow) => compareWithBaseline([now], [before]).regressions.length;
  expect(changed(row('a', 96), row('a', 100))).toBe(0);
  expect(changed(row('a', 90), row('a', 100))).toBe(1);
  expect(changed(row('a', 90, { spread: 0.2 }), row('a', 100))).toBe(0);
  expect(changed(row('a', 90), row('a', 100, { spread: 0.2 }))).toBe(0);
  expect(changed(row('a', 70, { spread: 0.2 }), row('a', 100))).toBe(1);
});

test('rows of another device, adapter or metric are others; rows beside several peers are one', () => {
  const before = [
    row('a', 100, { adapter: 'two' }),
    row('a', 100, { device: 'webgpu' }),
    row('a', 100, { metric: 'x' }),
  ];
  expect(compareWithBaseline([row('a', 10)], before)).toMatchObject({ regressions: [], gone: 3, added: 1 });
  const beside = ['tfjs', 'torch'].map((peer) => row('a', 10, { peer, peer_value: 1, ratio: 10 }));
  expect(compareWithBaseline(beside, [row('a', 100)]).regressions).toHaveLength(1);
});

test('a baseline that is no benchmark is refused by name', () => {
  expect(parseRows(JSON.stringify([row('a', 1)]), 'x.json')).toHaveLength(1);
  expect(() => parseRows('{', 'x.json')).toThrow('x.json is no JSON');
  for (const text of ['{}', '[1]', '[null]', '[{"suite":"kernels"}]']) {
    expect(() => parseRows(text, 'x.json')).toThrow('x.json holds no rows');
  }
  expect(() => parseRows(JSON.stringify([row('a', 1, { unit: 'parsecs' as never })]), 'x.json')).toThrow('no rows');
});
