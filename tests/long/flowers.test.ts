import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/platform/node.js';

/**
 * The recipe for photos from scratch, with each sampler and three seeds. tests/long/flowers.py is the same recipe in
 * PyTorch, at one scale. The photos are 240 + 60 of each of TensorFlow's five flowers, shorter side 160.
 */
const flowers = process.env.CVNETS_FLOWERS ?? resolve(import.meta.dirname, '../../../shared/data/flowers');
const reason = existsSync(flowers) ? undefined : `${flowers} is not there`;
const samplers = ['batch_sampler', 'multi_scale_sampler', 'variable_batch_sampler'] as const;
const seeds = [0, 1, 2];

interface Run {
  readonly top1: number;
  readonly updates: number;
  readonly imagesPerSecond: number;
  readonly peakBytes: number;
}

const runs = new Map<string, Run[]>();
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function train(sampler: string, seed: number): Run {
  const options = {
    'sampler.name': sampler,
    'common.seed': seed,
    'common.results_loc': mkdtempSync(join(tmpdir(), 'cvnets-flowers-')),
    'dataset.root_train': `${flowers}/train`,
    'dataset.root_val': `${flowers}/val`,
  };
  const flags = Object.entries(options).flatMap(([key, value]) => [`--${key}`, `${value}`]);
  const args = ['build/dist/cli.js', 'train', 'recipes/flowers.yaml', '--device', 'wasm', '--json', ...flags];
  const out = execFileSync(process.execPath, args, { cwd: packageRoot(), encoding: 'utf8', maxBuffer: 1e9 });
  const events = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const of = (name: string) => events.filter(({ event }) => event === name);
  const [end] = of('end');
  return {
    top1: end.val_top1,
    updates: end.updates,
    imagesPerSecond: mean(of('epoch').map(({ images_per_second }) => images_per_second)),
    peakBytes: of('start')[0].peak_bytes,
  };
}

describe.skipIf(reason)(`MobileNetV2 on flowers${reason ? ` (${reason})` : ''}`, () => {
  test.each(samplers)('%s: at least 66 % over three seeds', (sampler) => {
    const results = seeds.map((seed) => train(sampler, seed));
    runs.set(sampler, results);
    for (const [i, { top1, updates, imagesPerSecond, peakBytes }] of results.entries()) {
      const facts = [
        `top-1 ${top1.toFixed(1)} %`,
        `${updates} updates`,
        `${imagesPerSecond.toFixed(0)} images/s`,
        `${(peakBytes / 2 ** 20).toFixed(0)} MiB`,
      ];
      console.log(`${sampler}, seed ${seeds[i]}: ${facts.join(', ')}`);
    }
    expect(mean(results.map(({ top1 }) => top1))).toBeGreaterThanOrEqual(66);
  });

  test('memory: the variable batch needs what one scale needs, the fixed one (128/96)² of it', () => {
    const [fixed, multi, variable] = samplers.map((sampler) => runs.get(sampler)?.[0].peakBytes ?? Number.NaN);
    expect(Math.abs(variable / fixed - 1)).toBeLessThanOrEqual(0.05);
    // Weights and momenta do not grow with the pictures.
    expect(multi / fixed).toBeGreaterThan(1.5);
    expect(multi / fixed).toBeLessThan((128 / 96) ** 2 + 0.05);
  });
});
