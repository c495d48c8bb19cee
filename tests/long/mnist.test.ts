import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../src/platform/node.js';

test('the MNIST recipe reaches 99 % on the test digits', () => {
  const runs = mkdtempSync(join(tmpdir(), 'cvnets-mnist-'));
  const args = [
    'build/dist/cli.js',
    'train',
    'recipes/mnist.yaml',
    '--device',
    'wasm',
    '--common.results_loc',
    runs,
    '--json',
  ];
  const started = performance.now();
  const out = execFileSync(process.execPath, args, { cwd: packageRoot(), encoding: 'utf8', maxBuffer: 1e9 });
  const end = JSON.parse(out.trimEnd().split('\n').at(-1)!);
  console.log(`MNIST: top-1 ${end.val_top1} %, ${((performance.now() - started) / 1000).toFixed(0)} s`);
  expect(end).toMatchObject({ event: 'end' });
  expect(end.val_top1).toBeGreaterThanOrEqual(99);
});
