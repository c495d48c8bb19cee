import { beforeAll, describe, expect, test } from 'vitest';
import type { BatchSource, ImageBatch } from '../../src/data/batch.js';
import type { Loader } from '../../src/data/loader.js';
import type { TrainEvent } from '../../src/train/events.js';
import { parseResults } from '../../src/train/results.js';
import { RunFolder } from '../../src/train/run-folder.js';
import { devices } from '../support/devices.js';
import { lastCheckpoint, newTrainer, type Setup, trainImages, valImages } from '../support/tiny-run.js';
import { loaderOf, tinyTask } from '../support/tiny-task.js';

/** Batches in shared memory that is spoiled as soon as they are given back. */
function spoiling(loader: Loader): BatchSource & { held: number } {
  const source = {
    dataset: loader.dataset,
    sampler: loader.sampler,
    held: 0,
    *epoch(epoch: number, from?: number): Generator<ImageBatch> {
      for (const batch of loader.epoch(epoch, from)) {
        const image = new Uint8Array(new SharedArrayBuffer(batch.image.length));
        image.set(batch.image);
        source.held++;
        const release = () => {
          source.held--;
          image.fill(255);
        };
        yield { ...batch, image, release };
      }
    },
  };
  return source;
}

describe.each(await devices())('$name', ({ engine }) => {
  const newRun = (setup: Setup = {}) => newTrainer(engine, setup);

  describe('a run', () => {
    let run: Awaited<ReturnType<typeof newTrainer>>;
    beforeAll(async () => {
      run = await newRun();
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
        'confusion_matrix.csv',
        'confusion_matrix.svg',
        'curves.svg',
        'report.html',
        'results.csv',
        'train_batch.png',
        'worst_mistakes.png',
      ]);
      const checkpoints = await files.list(folder.checkpointsPath);
      expect(checkpoints).toEqual(
        expect.arrayContaining(['checkpoint_best.safetensors', 'checkpoint_ema_best.safetensors']),
      );
      expect(checkpoints.filter((name) => name.startsWith('checkpoint_epoch_'))).toHaveLength(2);
    });

    test('gives batches back when the device and the pictures have them', async () => {
      const [train, val] = [spoiling(loaderOf(trainImages, 32, true)), spoiling(loaderOf(valImages, 32, false))];
      const other = await newRun({ loader: train, val });
      await other.trainer.run();
      expect(await lastCheckpoint(other)).toEqual(await lastCheckpoint(run));
      for (const picture of ['train_batch.png', 'worst_mistakes.png']) {
        const [a, b] = [other, run].map(({ files, folder }) => files.read(`${folder.path}/${picture}`));
        expect(await a).toEqual(await b);
      }
      expect([train.held, val.held]).toEqual([0, 0]);
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
      const again = await newRun();
      await again.trainer.run();
      expect(await lastCheckpoint(again)).toEqual(await lastCheckpoint(run));
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
      const whole = await newRun({ accumulation });
      await whole.trainer.run();

      const control = new AbortController();
      let steps = 0;
      const events: TrainEvent[] = [];
      const first = await newRun({
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
      const second = await newRun({
        accumulation,
        files,
        folder: await RunFolder.open(files, folder.path),
        resume: true,
      });
      await second.trainer.run();
      expect(await lastCheckpoint(second)).toEqual(await lastCheckpoint(whole));
      const metrics = async ({ files, folder }: typeof whole) =>
        parseResults(new TextDecoder().decode(await files.read(folder.resultsPath))).map((row) => ({
          ...row,
          seconds: 0,
          images_per_second: 0,
          data_wait_seconds: 0,
          device_wait_seconds: 0,
        }));
      expect(await metrics(second)).toEqual(await metrics(whole));
    });

    test('and a finished one says so', async () => {
      const { trainer, files, folder } = await newRun({ length: { epochs: 1 } });
      const summary = await trainer.run();
      const again = await newRun({ files, folder, resume: true, length: { epochs: 1 } });
      expect(await again.trainer.run()).toMatchObject({ epochs: 1, updates: summary!.updates });
      const finished = { event: 'finished', run: folder.path, done: 1, of: 1, unit: 'epochs' };
      expect(again.events.map(({ event }) => event)).toEqual(['start', 'finished', 'end']);
      expect(again.events[1]).toEqual(finished);
    });

    test('and not on another seed', async () => {
      const { trainer, files, folder } = await newRun({ length: { epochs: 1 } });
      await trainer.run();
      const other = await newRun({ files, folder, resume: true, seed: 1 });
      await expect(other.trainer.run()).rejects.toThrow('bit for bit');
    });
  });

  test('accumulated batches make the update of one large batch', async () => {
    const epoch = async (options: Setup) => {
      const run = await newRun({ ema: false, length: { epochs: 1 }, task: plain(), ...options });
      await run.trainer.run();
      return run.events.filter((event) => event.event === 'epoch')[0];
    };
    // Batch norm sees each batch alone, so it is left out here.
    const plain = () => tinyTask({ dropout: 0, norm: false });
    const small = loaderOf(trainImages, 8, true);
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
    const { trainer, events } = await newRun({ length: { updates: 9 } });
    expect(await trainer.run()).toMatchObject({ epochs: 2, updates: 9 });
    expect(events.filter(({ event }) => event === 'step')).toHaveLength(9);
  });

  describe('a loss that is not finite', () => {
    test('names the parameter that an update broke', async () => {
      const schedule = { lr: (_: number, update: number) => (update < 5 ? 0.05 : 1e38) };
      const { trainer } = await newRun({ schedule, ema: false });
      await expect(trainer.run()).rejects.toThrow(
        /loss is (NaN|Infinity) in epoch \d.*(the update before broke|went first)/,
      );
    });

    test('names the layer that went first', async () => {
      const { trainer } = await newRun({ task: tinyTask({ scale: 3e39 }), ema: false });
      await expect(trainer.run()).rejects.toThrow(/epoch 0, batch 0, after 0 updates: fc \(matmul, output \[32,4\]\)/);
    });

    test('names initial values that are not finite', async () => {
      const { trainer } = await newRun({ task: tinyTask({ scale: 1e40 }), ema: false });
      await expect(trainer.run()).rejects.toThrow('the initial values of fc.weight');
    });
  });
});
