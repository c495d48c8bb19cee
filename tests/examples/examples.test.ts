import { execFile, spawn } from 'node:child_process';
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

test('examples/browser/serve.mjs serves its pages and all that they load', async () => {
  const server = spawn(process.execPath, ['examples/browser/serve.mjs', '0'], { cwd: root });
  try {
    let said = '';
    const photos = await new Promise<string>((found, failed) => {
      server.stdout.on('data', (data) => {
        said += data;
        const [address] = /http\S+\/photos\//.exec(said) ?? [];
        if (address) found(address);
      });
      server.on('exit', () => failed(new Error(said)));
    });
    const names = ['./', 'page.js', 'worker.js', 'recipe.yaml', '../', '../page.js', '../worker.js'];
    const bench = ['../bench/', '../bench/page.js', '../bench/worker.js', '../peers/package.json'];
    const built = ['kernels.wasm', 'kernels.shared.wasm', 'imaging.wasm', 'wasm-worker.js', 'photo-worker.js'];
    for (const name of [...names, ...bench, ...built.map((file) => `../${file}`)]) {
      const { status, headers } = await fetch(new URL(name, photos));
      expect([name, status, headers.get('cross-origin-embedder-policy')]).toEqual([name, 200, 'require-corp']);
    }
    expect((await fetch(new URL('nothing', photos))).status).toBe(404);
  } finally {
    server.kill();
  }
});
