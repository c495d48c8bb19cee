import type { LabelledImages } from '../../data/datasets/dataset.js';
import { BatchSampler } from '../../data/samplers/batch-sampler.js';
import { MultiScaleSampler } from '../../data/samplers/multi-scale-sampler.js';
import type { BatchShape, Sampler } from '../../data/samplers/sampler.js';
import { VariableBatchSampler } from '../../data/samplers/variable-batch-sampler.js';
import type { Device } from '../../devices/device.js';
import { Engine } from '../../scheduler/engine.js';
import { planRun } from '../../train/plans.js';
import { inputSpecs, traceEvaluation, traceStep, usedScalars } from '../../train/programs.js';
import { benchTask, CHANNELS, sgd } from './model-cases.js';
import { type BenchRow, ratioOf, softwareMark } from './row.js';

export interface MemoryCase {
  readonly name: string;
  readonly network: string;
  readonly sampler: Sampler;
  readonly evaluation: Sampler;
}

export interface MemoryBenchOptions {
  readonly device: string;
  open(): Promise<Device>;
  progress(line: string): void;
}

const IMAGES = 100_000;
const SINGLE_SCALE = 'SSc-FBS';
const every = { first: true, last: true } as const;

/** The samplers of the paper at a base resolution, the others from 4/7 to 10/7 of it: 128 to 320 around 224. */
export function memoryCases(network: string, base: number, batchSize: number): MemoryCase[] {
  const side = { base, min: Math.round((base * 4) / 7), max: Math.round((base * 10) / 7) };
  const indices = { count: IMAGES, batchSize };
  const scales = { height: side, width: side, maxScales: 5, checkScale: 32 };
  const sized = (shuffle: boolean) => new BatchSampler({ ...indices, shuffle, height: base, width: base });
  const samplers = {
    [SINGLE_SCALE]: sized(true),
    'MSc-FBS': new MultiScaleSampler({ ...indices, ...scales, shuffle: true }),
    'MSc-VBS': new VariableBatchSampler({ ...indices, ...scales, shuffle: true }),
  };
  const title = `${network} ${base} batch ${batchSize}`;
  return Object.entries(samplers).map(([kind, sampler]) => {
    return { name: `${title} ${kind}`, network, sampler, evaluation: sized(false) };
  });
}

/** The suite `memory`. */
export const defaultMemoryCases: readonly MemoryCase[] = [
  ...memoryCases('mobilenetv2', 224, 8),
  ...memoryCases('resnet50', 224, 4),
];

/**
 * Loads all programs that a run with each sampler needs, runs each once, and puts the bytes that the device counted
 * beside those that were planned before anything was allocated. Fixed batches at several scales cost more than one
 * scale, variable batches about the same.
 */
export async function benchMemory(cases: readonly MemoryCase[], options: MemoryBenchOptions): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  let single: { readonly network: string; readonly bytes: number } | undefined;
  for (const one of cases) {
    options.progress(one.name);
    const device = await options.open();
    const { planned, counted } = await measure(one, device);
    if (one.name.endsWith(SINGLE_SCALE)) single = { network: one.network, bytes: counted };
    const adapter = device.description;
    const shared = {
      suite: 'memory',
      case: one.name,
      device: options.device,
      adapter,
      ...softwareMark(adapter),
    } as const;
    const beside = single?.network === one.network && !one.name.endsWith(SINGLE_SCALE) ? single.bytes : undefined;
    rows.push(
      { ...shared, metric: 'peak memory, planned', unit: 'bytes', ours: planned },
      {
        ...shared,
        metric: 'peak memory, counted',
        unit: 'bytes',
        ours: counted,
        limit: planned,
        fraction_of_limit: counted / planned,
        ...(beside && { peer: SINGLE_SCALE, peer_value: beside, ratio: ratioOf('bytes', counted, beside) }),
      },
    );
  }
  return rows;
}

async function measure({ network, sampler, evaluation }: MemoryCase, device: Device) {
  const { task, rule } = benchTask(network);
  const labels = new Int32Array(IMAGES);
  const dataset: LabelledImages = { name: 'none', length: IMAGES, classes: [], channels: CHANNELS, labels };
  const engine = new Engine(device);
  try {
    const sources = { loader: { dataset, sampler }, val: { dataset, sampler: evaluation } };
    const planned = planRun(device, { task, rule, accumulation: { batches: 1 }, ...sources }).memory.total;
    const specs = (shape: BatchShape) => inputSpecs(shape, CHANNELS);
    const training = sampler.shapes.map((shape) => ({
      name: `${shape.height}`,
      trace: traceStep(task, rule, undefined, every, [], specs(shape)),
    }));
    const validation = evaluation.shapes.map((shape) => ({
      name: 'evaluation',
      trace: traceEvaluation(task, undefined, specs(shape)),
    }));
    const shapes = [...sampler.shapes, ...evaluation.shapes];
    for (const [i, program] of (await engine.compileAll([...training, ...validation])).entries()) {
      const { batch, height, width } = shapes[i];
      const inputs = { image: new Uint8Array(batch * height * width * CHANNELS), target: new Int32Array(batch) };
      await program.run({ inputs, scalars: usedScalars(program, { counter: 0, ...rule.scalars(sgd.lr) }) });
    }
    return { planned, counted: engine.memory.peakBytes };
  } finally {
    await engine.close();
  }
}
