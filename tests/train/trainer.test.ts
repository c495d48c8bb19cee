import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWasmDevice } from '../../src/devices/wasm/device.js';
import { memoryFiles } from '../../src/platform/memory-files.js';
import { nodePlatform } from '../../src/platform/node.js';
import { Engine } from '../../src/scheduler/engine.js';
import type { TrainEvent } from '../../src/train/events.js';
import { parseResults } from '../../src/train/results.js';
import { RunFolder } from '../../src/train/run-folder.js';
import { Trainer, type TrainerOptions } from '../../src/train/trainer.js';
import { averageRule, loaderOf, quadrants, sgdRule, tinyTask } from '../support/tiny-task.js';

const train = quadrants(200, 1);
const val = quadrants(70, 2);
const engines: Engine[] = [];

async function newEngine(): Promise<Engine> {
  const engine = new Engine(await createWasmDevice(nodePlatform, { threads: 1 }));
  engines.push(engine);
  return engine;
}

afterAll(async () => {
  for (const engine of engines) await engine.close();
});

interface Setup extends Partial<TrainerOptions> {
  readonly files?: ReturnType<typeof memoryFiles>;
  readonly ema?: boolean;
  readonly task?: ReturnType<typeof tinyTask>;
}

/** A fresh engine, task and trainer, as a new process would have them. */
async function newTrainer({ files = memoryFiles(), ema = true, task = tinyTask(), ...options }: Setup = {}) {
  const folder = options.folder ?? (await RunFolder.create(files, 'runs', 'tiny'));
  if (!options.folder) await folder.writeConfig('# none\n');
  const events: TrainEvent[] = [];
  const trainer = new Trainer({
    engine: await newEngine(),
    task,
    rule: sgdRule(task),
    average: ema ? averageRule(task) : undefined,
    schedule: { lr: (epoch) => 0.05 / (epoch + 1) },
    loader: loaderOf(train, 32, true),
    val: loaderOf(val, 32, false),
    accumulation: { batches: 1, afterEpoch: 0, mode: 'mean' },
    folder,
    seed: 0,
    length: { epochs: 3 },
    metric: { name: 'top1', larger: true },
    keepBest: 2,
    saveEvery: 0,
    now: () => performance.now(),
    emit: (event) => events.push(event),
    ...options,
  });
  return { trainer, folder, files, events };
}

const last = ({ files, folder }: { files: ReturnType<typeof memoryFiles>; folder: RunFolder }) =>
  files.read(`${folder.checkpointsPath}/training_checkpoint_last.safetensors`);

describe('a run', () => {
  let run: Awaited<ReturnType<typeof newTrainer>>;
  beforeAll(async () => {
    run = await newTrainer();
    await run.trainer.run();
  });

  test('learns', () => {
    const end = run.events.at(-1)!;
    expect(end).toMatchObject({ event: 'end', run: 'runs/tiny-1', epochs: 3, updates: 21 });
    expect(end.event === 'end' && end.val_top1).toBeGreaterThan(90);
  });

  test('leaves its folder', async () => {
    const { files, folder } = run;
    const rows = parseResults(new TextDecoder().decode(await files.read(folder.resultsPath)));
    expect(rows.map(({ epoch, updates }) => [epoch, updates])).toEqual([
      [0, 7],
      [1, 14],
      [2, 21],
    ]);
    expect(rows[2].train_loss).toBeLessThan(rows[0].train_loss);
    expect(await files.list(folder.path)).toEqual([
      'checkpoints',
      'commands.txt',
      'config.yaml',
      'curves.svg',
      'results.csv',
    ]);
    const checkpoints = await files.list(folder.checkpointsPath);
    expect(checkpoints).toEqual(
      expect.arrayContaining(['checkpoint_best.safetensors', 'checkpoint_ema_best.safetensors']),
    );
    expect(checkpoints.filter((name) => name.startsWith('checkpoint_epoch_'))).toHaveLength(2);
  });

  test('tells what it does', () => {
    const kinds = run.events.map(({ event }) => event);
    expect(kinds[0]).toBe('start');
    expect(kinds.filter((kind) => kind === 'step')).toHaveLength(21);
    expect(kinds.filter((kind) => kind === 'epoch')).toHaveLength(3);
    const steps = run.events.filter((event) => event.event === 'step');
    expect(steps[7]).toMatchObject({ epoch: 1, batch: 1, batches: 7, updates: 7, lr: 0.025 });
    expect(steps.every(({ loss }) => Number.isFinite(loss))).toBe(true);
  });

  test('gives the same bytes again', async () => {
    const again = await newTrainer();
    await again.trainer.run();
    expect(await last(again)).toEqual(await last(run));
  });
});

describe('an interrupted run goes on bit for bit', () => {
  test.each([
    { after: 1, perUpdate: 1 },
    { after: 9, perUpdate: 1 },
    { after: 7, perUpdate: 1 },
    { after: 10, perUpdate: 3 },
  ])('after $after steps, $perUpdate batches an update', async ({ after, perUpdate }) => {
    const accumulation = { batches: perUpdate, afterEpoch: 0, mode: 'mean' as const };
    const whole = await newTrainer({ accumulation });
    await whole.trainer.run();

    const control = new AbortController();
    let steps = 0;
    const events: TrainEvent[] = [];
    const first = await newTrainer({
      accumulation,
      signal: control.signal,
      emit: (event) => {
        events.push(event);
        if (event.event === 'step' && ++steps === after) control.abort();
      },
    });
    expect(await first.trainer.run()).toBeUndefined();
    expect(events.at(-1)).toMatchObject({ event: 'interrupted', resume: 'npx cvnets train --resume runs/tiny-1' });
    expect(steps).toBeLessThan(21);

    const { files, folder } = first;
    const second = await newTrainer({
      accumulation,
      files,
      folder: await RunFolder.open(files, folder.path),
      resume: true,
    });
    await second.trainer.run();
    expect(await last(second)).toEqual(await last(whole));
    const metrics = async ({ files, folder }: typeof whole) =>
      parseResults(new TextDecoder().decode(await files.read(folder.resultsPath))).map((row) => ({
        ...row,
        seconds: 0,
        images_per_second: 0,
      }));
    expect(await metrics(second)).toEqual(await metrics(whole));
  });

  test('and not on another seed', async () => {
    const { trainer, files, folder } = await newTrainer({ length: { epochs: 1 } });
    await trainer.run();
    const other = await newTrainer({ files, folder, resume: true, seed: 1 });
    await expect(other.trainer.run()).rejects.toThrow('bit for bit');
  });
});

test('accumulated batches make the update of one large batch', async () => {
  const epoch = async (options: Setup) => {
    const run = await newTrainer({ ema: false, length: { epochs: 1 }, task: plain(), ...options });
    await run.trainer.run();
    return run.events.filter((event) => event.event === 'epoch')[0];
  };
  // Batch norm sees each batch alone, so it is left out here.
  const plain = () => tinyTask({ dropout: 0, norm: false });
  const small = loaderOf(train, 8, true);
  const whole = await epoch({});
  const mean = await epoch({ loader: small, accumulation: { batches: 4, afterEpoch: 0, mode: 'mean' } });
  const sum = await epoch({
    loader: small,
    accumulation: { batches: 4, afterEpoch: 0, mode: 'sum' },
    schedule: { lr: () => 0.05 / 4 },
  });
  const later = await epoch({ loader: small, accumulation: { batches: 4, afterEpoch: 1, mode: 'mean' } });
  expect([whole.updates, mean.updates, sum.updates, later.updates]).toEqual([7, 7, 7, 25]);
  expect(mean.val_loss).toBeCloseTo(whole.val_loss, 4);
  expect(mean.train_loss).toBeCloseTo(whole.train_loss, 4);
  // The last group has one batch, so its sum is no multiple of its mean by 4.
  expect(Math.abs(sum.val_loss - whole.val_loss)).toBeLessThan(0.05);
});

test('a run can be counted in updates', async () => {
  const { trainer, events } = await newTrainer({ length: { updates: 9 } });
  expect(await trainer.run()).toMatchObject({ epochs: 2, updates: 9 });
  expect(events.filter(({ event }) => event === 'step')).toHaveLength(9);
});

describe('a loss that is not finite', () => {
  test('names the parameter that an update broke', async () => {
    const schedule = { lr: (_: number, update: number) => (update < 5 ? 0.05 : 1e38) };
    const { trainer } = await newTrainer({ schedule, ema: false });
    await expect(trainer.run()).rejects.toThrow(
      /loss is (NaN|Infinity) in epoch \d.*(the update before broke|went first)/,
    );
  });

  test('names the layer that went first', async () => {
    const { trainer } = await newTrainer({ task: tinyTask({ scale: 6e38 }), ema: false });
    await expect(trainer.run()).rejects.toThrow(
      /epoch 0, batch 0, after 0 updates: conv \(conv2d, output \[32,4,8,8\]\)/,
    );
  });

  test('names initial values that are not finite', async () => {
    const { trainer } = await newTrainer({ task: tinyTask({ scale: 1e39 }), ema: false });
    await expect(trainer.run()).rejects.toThrow('the initial values of conv.weight');
  });
});
