import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/platform/node.js';

/**
 * The recipe for fine-tuning, the classifier alone and all layers, beside tests/long/finetune.py, the same recipe in
 * PyTorch. CVNETS_PYTHON names a Python that has torch, pillow and safetensors; without it there is nothing beside.
 */
const data = process.env.CVNETS_DATA ?? resolve(import.meta.dirname, '../../../shared/data');
const weights = join(data, 'weights/mobilenetv2_1.0_224_imagenet.safetensors');
const flowers = join(data, 'flowers');
const reason = existsSync(weights) && existsSync(flowers) ? undefined : `${weights} or ${flowers} is not there`;
const python = process.env.CVNETS_PYTHON;

const modes = {
  frozen: { flags: [], least: 83 },
  full: { flags: ['--model.freeze_modules', '[]', '--train.restore_norms', '8'], least: 88 },
} as const;

function ours(flags: readonly string[]): { readonly best: number; readonly seconds: number } {
  const args = [
    ...['build/dist/cli.js', 'train', 'recipes/flowers_finetune.yaml', '--device', 'wasm', '--json'],
    ...['--weights', weights, '--from', 'tensorflow', ...flags],
    ...['--dataset.root_train', `${flowers}/train`, '--dataset.root_val', `${flowers}/val`],
    ...['--common.results_loc', mkdtempSync(join(tmpdir(), 'cvnets-finetune-'))],
  ];
  const out = execFileSync(process.execPath, args, { cwd: packageRoot(), encoding: 'utf8', maxBuffer: 1e9 });
  const events = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const end = events.find(({ event }) => event === 'end');
  return { best: end.best, seconds: end.seconds };
}

/** The best top-1 and the time that the twin prints in its last line. */
function pytorch(mode: string): { readonly best: number; readonly seconds: number } {
  const out = execFileSync(python!, ['tests/long/finetune.py', weights, flowers, mode], {
    cwd: packageRoot(),
    encoding: 'utf8',
  });
  const [, best, seconds] = /best ([\d.]+) %, (\d+) s\s*$/.exec(out)!;
  return { best: Number(best), seconds: Number(seconds) };
}

describe.skipIf(reason)(`fine-tuning on flowers${reason ? ` (${reason})` : ''}`, () => {
  test.each(Object.entries(modes))('%s', { timeout: 7_200_000 }, (mode, { flags, least }) => {
    const result = ours(flags);
    console.log(`${mode}: top-1 ${result.best.toFixed(1)} % in ${result.seconds.toFixed(0)} s`);
    if (python) {
      const beside = pytorch(mode);
      console.log(`PyTorch: top-1 ${beside.best.toFixed(1)} % in ${beside.seconds} s`);
      // 300 photos: one run has a standard error of 2 points.
      expect(Math.abs(result.best - beside.best)).toBeLessThan(4);
    }
    expect(result.best).toBeGreaterThanOrEqual(least);
  });
});
