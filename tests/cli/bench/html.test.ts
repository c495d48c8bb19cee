import { describe, expect, test } from 'vitest';
import { compareWithBaseline } from '../../../src/cli/bench/baseline.js';
import { chart } from '../../../src/cli/bench/chart.js';
import { benchPage } from '../../../src/cli/bench/html.js';
import type { BenchRow } from '../../../src/cli/bench/row.js';

const evil = '<script>alert("1")</script>&\'';
const kernel: BenchRow = {
  suite: 'kernels',
  case: `gemm ${evil}`,
  device: 'wasm',
  adapter: evil,
  metric: 'rate',
  unit: 'GFLOP/s',
  ours: 40,
  spread: 0.02,
  peer: evil,
  peer_value: 20,
  ratio: 2,
  limit: 50,
  fraction_of_limit: 0.8,
  roofline: { intensity: 16, gflops: 40, peak: 50, copy: 10 },
};
const step = (at: number, peer?: string): BenchRow => ({
  suite: 'models',
  case: `mobilenetv2 batch ${at}`,
  device: 'wasm',
  adapter: 'simd',
  metric: 'time',
  unit: 'ms',
  ours: 10 * at,
  ...(peer && { peer, peer_value: 20 * at }),
  scaling: { chart: 'mobilenetv2', axis: 'batch', at },
});
const where = 'here';

describe('the page', () => {
  test('shows names as text, whatever is in them', () => {
    const page = benchPage({ rows: [kernel], notes: [evil], where: evil });
    expect(page).not.toContain('<script');
    expect(page.match(/&lt;script&gt;/g)!.length).toBeGreaterThan(4);
    expect(page).toContain('80 %');
    expect(page).toContain('2x');
  });

  test('loads nothing and suits light and dark screens', () => {
    const page = benchPage({ rows: [kernel, step(1)], notes: [], where });
    expect(page).not.toMatch(/\b(src|href)=|url\(|@import|https?:/);
    expect(page).toContain('prefers-color-scheme: dark');
    expect(page).toContain('color-scheme: light dark');
  });

  test('draws a roofline with a dot a kernel, and scaling with a line for us and each peer', () => {
    const other = { ...kernel, case: 'conv', roofline: { intensity: 2, gflops: 12, peak: 50, copy: 10 } };
    const rows = [kernel, other, ...[1, 2, 4].flatMap((at) => [step(at, 'torch'), step(at, 'tfjs')])];
    const page = benchPage({ rows, notes: [], where });
    const [roofline, scaling, ...more] = page.match(/<svg[\s\S]*?<\/svg>/g)!;
    expect(more).toEqual([]);
    expect(roofline.match(/<circle[^>]*><title>/g)).toHaveLength(2);
    expect(roofline.match(/class="limit"/g)).toHaveLength(1);
    expect(scaling.match(/class="line /g)).toHaveLength(3);
    expect(scaling).toContain('step time against batch');
  });

  test('keeps software adapters apart, and says what their times are worth', () => {
    const software = { ...kernel, case: 'on a rasteriser', software: true };
    const page = benchPage({ rows: [software, { ...kernel, case: 'on a GPU' }], notes: [], where });
    const [before, after] = page.split('Software adapters');
    expect(before).toContain('on a GPU');
    expect(before).not.toContain('on a rasteriser');
    expect(after).toContain('on a rasteriser');
    expect(after).toContain('rasteriser on the CPU');
  });

  test('lists what was left out, and what became worse', () => {
    const baseline = compareWithBaseline([{ ...kernel, ours: 20 }], [{ ...kernel, ours: 60 }]);
    const page = benchPage({ rows: [kernel], notes: ['torch is not there'], baseline, where });
    expect(page).toContain('torch is not there');
    expect(page).toContain('1 worse, 0 better');
  });
});

describe('chart', () => {
  const series = (points: { x: number; y: number }[]) => [
    { name: 's', kind: 'line' as const, points: points.map((point) => ({ ...point, label: '' })) },
  ];
  const options = { title: 't', x: 'x', y: 'y' };

  test('stays inside its frame', () => {
    for (const scale of ['linear', 'log'] as const) {
      const points = [1, 3, 100, 5000].map((x) => ({ x, y: x / 7 }));
      const svg = chart({ ...options, scale, series: series(points) });
      const at = [...svg.matchAll(/cx="([\d.-]+)" cy="([\d.-]+)" r="4"><title>/g)].map(([, x, y]) => [
        Number(x),
        Number(y),
      ]);
      expect(at).toHaveLength(4);
      for (const [x, y] of at) {
        expect(x).toBeGreaterThanOrEqual(64);
        expect(x).toBeLessThanOrEqual(620);
        expect(y).toBeGreaterThanOrEqual(40);
        expect(y).toBeLessThanOrEqual(332);
      }
      expect(at.map(([x]) => x)).toEqual(at.map(([x]) => x).sort((a, b) => a - b));
    }
  });

  test('of nothing is nothing, and of one point is finite', () => {
    expect(chart({ ...options, scale: 'log', series: series([]) })).toBe('');
    expect(chart({ ...options, scale: 'log', series: series([{ x: 4, y: 4 }]) })).not.toContain('NaN');
    expect(chart({ ...options, scale: 'linear', series: series([{ x: 0, y: 0 }]) })).not.toContain('NaN');
  });
});
