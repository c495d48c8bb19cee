import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

/** Runs a program in the package's folder, where it finds the built package by its name. */
async function node(...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, args, { cwd: root, timeout: 100_000 });
  return stdout;
}

const [code] = [...readFileSync(resolve(root, 'README.md'), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(
  ([, block]) => block,
);

test('the program in the README trains', async () => {
  const lines = (await node('--input-type=module', '-e', code)).trim().split('\n');
  const losses = lines.slice(-10).map(Number);
  expect(losses.every((loss) => loss > 0)).toBe(true);
  expect(losses[9]).toBeLessThan(losses[0]);
});

test('examples/node/train.mjs trains, saves and loads', async () => {
  const output = await node('examples/node/train.mjs');
  const losses = [...output.matchAll(/loss ([\d.]+)/g)].map(([, loss]) => Number(loss));
  expect(losses).toHaveLength(6);
  expect(losses[5]).toBeLessThan(losses[0] / 10);
  expect(output).toMatch(/12 tensors, \d+ bytes of safetensors/);
});
