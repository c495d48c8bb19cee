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
import { type Contender, imageRows, inTurn } from './data-measure.js';
import type { BenchPhotos } from './data-photos.js';
import { benchTask } from './model-cases.js';
import type { BenchRow } from './row.js';

const SIDE = 96;
const BATCH = 32;
const transform: TrainTransform = { kind: 'train', crop: defaultCrop, interpolation: 'bilinear', flip: 0.5, seed: 0 };

export interface LoaderOptions {
  readonly platform: Platform;
  readonly device: string;
  readonly rounds: number;
  openDevice(): Promise<Device>;
  wanted(name: string): boolean;
  progress(line: string): void;
}

/** Batches a second of the loader alone, for every number of threads from one to all cores. */
export async function benchLoader(photos: BenchPhotos, options: LoaderOptions): Promise<BenchRow[]> {
  const { rounds, wanted, progress } = options;
  const platform: Platform = { ...options.platform, files: photos.files };
  const sampler = samplers(photos.dataset.length).batch_sampler;
  const rows: BenchRow[] = [];
  for (let threads = 1; threads <= platform.cores; threads++) {
    const name = `loader, ${threads} thread${threads === 1 ? '' : 's'}, ${photos.name}`;
    if (!wanted(name)) continue;
    progress(name);
    const loader = new PhotoLoader(photos.dataset, sampler, new PhotoPool(platform, transform, threads));
    let epoch = 0;
    const pass = async () => {
      for await (const batch of loader.epoch(epoch++)) batch.release?.();
    };
    try {
      const contenders: Contender[] = [{ name: 'cvnets', pass }];
      const timings = await inTurn(contenders, { rounds, minimum: 200, clock: platform.now });
      const base = { suite: 'data', case: name, device: 'wasm', adapter: loader.description, metric: 'wall time' };
      rows.push(...imageRows(base, photos.dataset.length, contenders, timings));
    } finally {
      await loader.close();
    }
  }
  return rows;
}

/**
 * Images a second of training on photos, beside the same steps on batches that lie ready: the limit. Both are of one
 * engine, of the same plans and sizes, and take turns.
 */
export async function benchTraining(photos: BenchPhotos, options: LoaderOptions): Promise<BenchRow[]> {
  const { rounds, wanted, progress } = options;
  const platform: Platform = { ...options.platform, files: photos.files };
  const rows: BenchRow[] = [];
  for (const [kind, sampler] of Object.entries(samplers(photos.dataset.length))) {
    const name = `training mobilenetv2 ${SIDE} batch ${BATCH}, ${kind}, ${photos.name}`;
    if (!wanted(name)) continue;
    progress(name);
    const pool = new PhotoPool(platform, transform, platform.cores);
    const loader = new PhotoLoader(photos.dataset, sampler, pool);
    const engine = new Engine(await options.openDevice());
    try {
      const steps = await trainingSteps(engine, loader);
      const images = [...sampler.epoch(0)].reduce((sum, { indices }) => sum + indices.length, 0);
      const contenders = [loader, synthetic(loader)].map((source) => epochs(source, steps));
      const timings = await inTurn(contenders, { rounds, minimum: 0, clock: platform.now });
      const adapter = `${engine.device.description}; ${loader.description}`;
      const base = { suite: 'data', case: name, device: options.device, adapter, metric: 'beside synthetic batches' };
      const [real, limit] = timings.map((timing, i) => imageRows(base, images, [contenders[i]], [timing])[0]);
      rows.push({ ...real, limit: limit.ours, fraction_of_limit: real.ours / limit.ours });
    } finally {
      await engine.close();
      await loader.close();
    }
  }
  return rows;
}

function samplers(count: number): Readonly<Record<string, Sampler>> {
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
function epochs(source: BatchSource, steps: Steps): Contender {
  let update = 0;
  const pass = async () => {
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
  return { name: 'cvnets', pass };
}
