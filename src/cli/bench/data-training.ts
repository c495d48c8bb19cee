import type { BatchSource, ImageBatch } from '../../data/batch.js';
import { PhotoLoader } from '../../data/photo-loader.js';
import { PhotoPool } from '../../data/photo-pool.js';
import { BatchSampler } from '../../data/samplers/batch-sampler.js';
import type { Sampler } from '../../data/samplers/sampler.js';
import { VariableBatchSampler } from '../../data/samplers/variable-batch-sampler.js';
import type { TrainTransform } from '../../data/transforms/augment.js';
import { defaultCrop } from '../../data/transforms/random-resized-crop.js';
import type { Device } from '../../devices/device.js';
import type { Platform } from '../../platform/platform.js';
import { Engine } from '../../scheduler/engine.js';
import { Steps } from '../../train/steps.js';
import { type Contender, cpuMilliseconds, type DataCase, imageRows, inTurn } from './data-measure.js';
import type { PhotoSet, Photos } from './data-photos.js';
import { benchTask } from './model-cases.js';
import type { BenchRow } from './row.js';
import { median } from './statistics.js';

const SIDE = 96;
const BATCH = 32;
const transform: TrainTransform = { kind: 'train', crop: defaultCrop, interpolation: 'bilinear', flip: 0.5, seed: 0 };

export interface LoaderOptions {
  readonly platform: Platform;
  readonly device: string;
  readonly rounds: number;
  openDevice(): Promise<Device>;
}

/** Images a second of the loader alone, for every number of threads from one to all cores. */
export function loaderCases({ name, load }: PhotoSet, { platform, rounds }: LoaderOptions): DataCase[] {
  return Array.from({ length: platform.cores }, (_, i) => ({
    name: `loader, ${i + 1} thread${i === 0 ? '' : 's'}, ${name}`,
    async run() {
      const photos = await load();
      const loader = photoLoader(photos, platform, samplers(photos.dataset.length).batch_sampler, i + 1);
      let epoch = 0;
      const pass = async () => {
        for await (const batch of loader.epoch(epoch++)) batch.release?.();
      };
      try {
        const contenders: Contender[] = [{ name: 'cvnets', pass }];
        const samples = await inTurn(contenders, { rounds, minimum: 200, clock: platform.now });
        const where = { device: 'wasm', adapter: loader.description, metric: 'wall time' };
        return imageRows({ suite: 'data', case: this.name, ...where }, photos.dataset.length, contenders, samples);
      } finally {
        await loader.close();
      }
    },
  }));
}

/**
 * Images a second of training on photos, beside the same steps on batches that lie ready: the limit. Both are of one
 * engine, of the same plans and sizes, and take turns. The second row is about CPU time of all threads: what reading
 * costs where no core is idle, whatever else runs on the machine.
 */
export function trainingCases({ name, load }: PhotoSet, options: LoaderOptions): DataCase[] {
  const { platform, rounds, device } = options;
  return samplerNames.map((kind) => ({
    name: `training mobilenetv2 ${SIDE} batch ${BATCH}, ${kind}, ${name}`,
    async run() {
      const photos = await load();
      const sampler = samplers(photos.dataset.length)[kind];
      const loader = photoLoader(photos, platform, sampler, platform.cores);
      const engine = new Engine(await options.openDevice());
      try {
        const steps = await trainingSteps(engine, loader);
        const images = [...sampler.epoch(0)].reduce((sum, { indices }) => sum + indices.length, 0);
        const cpu: number[][] = [[], []];
        const contenders = [loader, synthetic(loader)].map((source, i): Contender => {
          const pass = epochs(source, steps);
          return { name: 'cvnets', pass: () => timed(pass, cpuMilliseconds, cpu[i]) };
        });
        const wall = await inTurn(contenders, { rounds, minimum: 0, clock: platform.now });
        const where = { device, adapter: `${engine.device.description}; ${loader.description}` };
        const row = (metric: string, samples: readonly (readonly number[])[]): BenchRow => {
          const base = { suite: 'data', case: this.name, ...where, metric };
          const [real, limit] = samples.map((own, i) => imageRows(base, images, [contenders[i]], [own])[0]);
          // Within a round: what the machine does beside this changes more slowly.
          const fraction = median(samples[0].map((milliseconds, round) => samples[1][round] / milliseconds));
          return { ...real, limit: limit.ours, fraction_of_limit: fraction };
        };
        // The first round warms up.
        return [
          row('wall time', wall),
          row(
            'CPU time',
            cpu.map((samples) => samples.slice(1)),
          ),
        ];
      } finally {
        await engine.close();
        await loader.close();
      }
    },
  }));
}

function photoLoader({ files, dataset }: Photos, platform: Platform, sampler: Sampler, threads: number): PhotoLoader {
  const pool = new PhotoPool({ ...platform, files }, transform, threads);
  return new PhotoLoader(dataset, sampler, pool, { maxSkippedShare: 1 });
}

const samplerNames = ['batch_sampler', 'variable_batch_sampler'] as const;

function samplers(count: number): Readonly<Record<(typeof samplerNames)[number], Sampler>> {
  const range = { base: SIDE, min: 64, max: 128 };
  const scales = { height: range, width: range, maxScales: 5, checkScale: 32 };
  const shared = { count, shuffle: true, batchSize: BATCH };
  return {
    batch_sampler: new BatchSampler({ ...shared, height: SIDE, width: SIDE }),
    variable_batch_sampler: new VariableBatchSampler({ ...shared, ...scales }),
  };
}

async function trainingSteps(engine: Engine, loader: BatchSource): Promise<Steps> {
  const { task, rule } = benchTask('mobilenetv2');
  const accumulation = { batches: 1, afterEpoch: 0, mode: 'mean' } as const;
  const steps = new Steps({ engine, task, rule, schedule: { lr: () => 0.01 }, loader, accumulation });
  await steps.prepare();
  return steps;
}

/** The same sizes in the same order, of one batch each that lies in memory. */
function synthetic({ dataset, sampler }: BatchSource): BatchSource {
  const ready = new Map<string, ImageBatch>();
  return {
    dataset,
    sampler,
    *epoch(epoch) {
      for (const { height, width, indices } of sampler.epoch(epoch)) {
        const [size, { channels }] = [indices.length, dataset];
        const key = `${size} ${height} ${width}`;
        const batch = ready.get(key) ?? {
          size,
          height,
          width,
          channels,
          image: new Uint8Array(size * height * width * channels).map((_, i) => Math.imul(i, 2654435761) >>> 24),
          target: new Int32Array(size).map((_, i) => i % dataset.classes.length),
        };
        ready.set(key, batch);
        yield batch;
      }
    },
  };
}

/** Trains as the trainer does: the next step starts before the numbers of the one before are back. */
function epochs(source: BatchSource, steps: Steps): () => Promise<void> {
  let update = 0;
  return async () => {
    let before: { readonly batch: ImageBatch; readonly result: Promise<unknown> } | undefined;
    const settle = async () => {
      await before?.result;
      before?.batch.release?.();
    };
    // Always the first epoch, so that every round has the same sizes.
    for await (const batch of source.epoch(0)) {
      const group = { first: true, last: true, size: 1 };
      const { result } = await steps.start(batch, group, { lr: 0.01, update, counter: update++ });
      await settle();
      before = { batch, result };
    }
    await settle();
  };
}

async function timed(pass: () => Promise<void>, clock: () => number, samples: number[]): Promise<void> {
  const start = clock();
  await pass();
  samples.push(clock() - start);
}
