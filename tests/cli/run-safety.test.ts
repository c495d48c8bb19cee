import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { lockRun } from '../../src/cli/run-lock.js';
import { writeIdx } from '../../src/data/datasets/idx.js';
import { readSafetensors, writeSafetensors } from '../../src/formats/safetensors.js';
import { packageRoot } from '../../src/platform/node.js';

const root = packageRoot();
const cli = join(root, 'build/dist/cli.js');
const folder = mkdtempSync(join(tmpdir(), 'cvnets-safety-'));
const digits = join(folder, 'digits');

beforeAll(() => {
  mkdirSync(digits);
  for (const [prefix, count] of [
    ['train', 600],
    ['t10k', 40],
  ] as const) {
    const pixels = Uint8Array.from({ length: count * 784 }, (_, i) => (i * 7) % 256);
    const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
    writeFileSync(join(digits, `${prefix}-images-idx3-ubyte`), writeIdx({ shape: [count, 28, 28], data: pixels }));
    writeFileSync(join(digits, `${prefix}-labels-idx1-ubyte`), writeIdx({ shape: [count], data: labels }));
  }
});

function start(args: string[]) {
  const child = spawn(process.execPath, [cli, ...args], { cwd: folder, env: { ...process.env, NO_COLOR: '1' } });
  const printed = { out: '', err: '' };
  child.stdout.on('data', (data) => {
    printed.out += data;
  });
  child.stderr.on('data', (data) => {
    printed.err += data;
  });
  const end = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, printed, end };
}

const training = (runs: string, epochs: number, ...more: string[]) => [
  ...['train', join(root, 'recipes/mnist.yaml'), '--json', '--device', 'wasm', '--threads', '1'],
  ...['--common.results_loc', join(folder, runs), '--dataset.root_train', digits, '--dataset.val_batch_size0', '40'],
  ...['--common.log_freq', '1', '--scheduler.warmup_iterations', '3', '--scheduler.max_epochs', `${epochs}`, ...more],
];

describe('a run', () => {
  test('saves on SIGTERM and holds its lock until then', async () => {
    const { child, printed, end } = start(training('term', 500));
    const run = join(folder, 'term/mnist-1');
    await new Promise<void>((resolve) => {
      child.stdout.on('data', () => printed.out.includes('"event":"step"') && resolve());
    });
    expect(readFileSync(join(run, 'run.lock'), 'utf8')).toBe(`${child.pid}\n`);
    const second = start(['train', '--resume', run]);
    expect(await second.end).toBe(1);
    expect(second.printed.err).toContain(`run ${run} is being trained by process ${child.pid}`);
    child.kill('SIGTERM');
    expect(await end).toBe(143);
    expect(printed.out).toContain('"event":"interrupted"');
    expect(existsSync(join(run, 'run.lock'))).toBe(false);
  });

  test('goes on when its reader leaves; eval refuses what diverged', async () => {
    const { child, end } = start(training('pipe', 1));
    child.stdout.destroy();
    expect(await end).toBe(0);
    const run = join(folder, 'pipe/mnist-1');
    expect(existsSync(join(run, 'report.html'))).toBe(true);

    const best = join(run, 'checkpoints/checkpoint_best.safetensors');
    const { tensors, metadata } = readSafetensors(new Uint8Array(readFileSync(best)), best);
    const [name, tensor] = [...tensors][0];
    const bytes = tensor.bytes.slice();
    new DataView(bytes.buffer).setFloat32(4, Number.NaN, true);
    writeFileSync(best, writeSafetensors(new Map([...tensors, [name, { ...tensor, bytes }]]), metadata));
    const evaluation = start(['eval', run]);
    expect(await evaluation.end).toBe(1);
    expect(evaluation.printed.err).toContain(`${name}[1] is NaN`);
  });

  test('that cannot be built leaves no folder', async () => {
    const { printed, end } = start(training('none', 1, '--model.classification.name', 'resnet'));
    expect(await end).toBe(1);
    expect(printed.out).toContain('mnist images have 1 channel, resnet takes 3');
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });
});

test('a lock whose process is gone is taken over', async () => {
  const path = join(folder, 'run.lock');
  for (const left of ['999999999\n', `${process.pid}\n`, '']) {
    writeFileSync(path, left);
    const lock = await lockRun(folder);
    await expect(lockRun(folder)).rejects.toThrow(`is being trained by process ${process.pid}`);
    await lock.release();
    expect(existsSync(path)).toBe(false);
  }
});

test('help tells about recipe keys', async () => {
  for (const command of ['train', 'eval', 'plan', 'summary']) {
    const { printed, end } = start([command, '--help']);
    expect(await end).toBe(0);
    expect(printed.out).toContain('Every key of a recipe can be set here too');
  }
});
