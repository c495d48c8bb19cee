import type { Device } from '../../devices/device.js';
import { crossEntropyLoss } from '../../losses/cross-entropy.js';
import { mobilenetv1 } from '../../models/classification/mobilenetv1.js';
import { mobilenetv2 } from '../../models/classification/mobilenetv2.js';
import type { ClassificationModel } from '../../models/classification/model.js';
import { resnet } from '../../models/classification/resnet.js';
import { initialize } from '../../nn/initialize.js';
import { toFloat } from '../../ops/index.js';
import type { Optimizer } from '../../optim/optimizer.js';
import { Sgd } from '../../optim/sgd.js';
import { Engine } from '../../scheduler/engine.js';
import type { Program } from '../../scheduler/program.js';
import { inputSpecs, traceStep, usedScalars } from '../../train/programs.js';
import type { Task } from '../../train/task.js';
import { chooseCases } from './choose.js';
import { measure, type Timed } from './measure.js';
import type { BenchRow } from './row.js';

export interface ModelCase {
  readonly name: string;
  readonly size: number;
  readonly batch: number;
  build(): ClassificationModel;
}

const sizes = [
  { size: 96, batch: 16 },
  { size: 224, batch: 8 },
];

const networks: Readonly<Record<string, () => ClassificationModel>> = {
  mobilenetv1: () => mobilenetv1(),
  mobilenetv2: () => mobilenetv2({ activation: 'relu6' }),
  resnet18: () => resnet({ depth: 18 }),
  resnet50: () => resnet({ depth: 50 }),
};

/** The suite `models`: a training step of each network. */
const modelCases: readonly ModelCase[] = Object.entries(networks).flatMap(([name, build]) =>
  sizes.map(({ size, batch }) => ({ name: `${name} ${size} batch ${batch}`, size, batch, build })),
);

export interface ModelBenchOptions {
  readonly rounds: number;
  readonly filter?: string;
  readonly now: () => number;
}

/**
 * Times training steps: uploaded pixels, forward pass, gradients, SGD with Nesterov momentum, loss read back. One
 * engine a case, so that the memory is that of the case; `open` opens the device.
 */
export async function benchModels(open: () => Promise<Device>, options: ModelBenchOptions): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const model of chooseCases(modelCases, options.filter)) {
    const engine = new Engine(await open());
    try {
      const { timed, program } = await trainingStep(engine, model);
      const timing = (await measure([timed], { ...options, minimum: 500 })).get(model.name)!;
      const { kind, description } = engine.device;
      const shared = { suite: 'models', case: model.name, device: kind, adapter: description };
      const rate = (milliseconds: number): number => (1000 * model.batch) / milliseconds;
      rows.push(
        { ...shared, metric: 'best', unit: 'images/s', ours: rate(timing.best), spread: timing.spread },
        { ...shared, metric: 'median', unit: 'images/s', ours: rate(timing.median) },
        { ...shared, metric: 'peak memory, planned', unit: 'bytes', ours: program.plan.memory.total },
        { ...shared, metric: 'peak memory, counted', unit: 'bytes', ours: engine.memory.peakBytes },
      );
    } finally {
      await engine.close();
    }
  }
  return rows;
}

const CHANNELS = 3;

async function trainingStep(
  engine: Engine,
  { name, size, batch, build }: ModelCase,
): Promise<{ timed: Timed; program: Program }> {
  const model = build();
  const { parameters, buffers } = initialize(model, { seed: 0 });
  const task: Task = {
    classes: model.n_classes,
    parameters,
    buffers,
    logits: (image, { training, counter }) =>
      model.call(toFloat(image), { training, dropoutCounter: counter, seed: 0 }),
    loss: (logits, target, context) => crossEntropyLoss(logits, target, context, { label_smoothing: 0.1 }),
  };
  const rule: Optimizer = new Sgd(
    parameters.map((state) => ({ state })),
    { momentum: 0.9, nesterov: true, weight_decay: 4e-5, no_decay_bn_filter_bias: true },
  );
  const specs = inputSpecs({ batch, height: size, width: size }, CHANNELS);
  const once = { first: true, last: true };
  const program = await engine.compile(name, traceStep(task, rule, undefined, once, [], specs));
  const image = new Uint8Array(batch * size * size * CHANNELS).map((_, i) => (i * 2654435761) >>> 24);
  const target = new Int32Array(batch).map((_, i) => i % model.n_classes);
  let step = 0;
  const run = () => {
    const scalars = usedScalars(program, { counter: step, ...rule.scalars(0.05, step++) });
    return program.run({ inputs: { image, target }, scalars }, ['loss']);
  };
  return { timed: { name, run }, program };
}
