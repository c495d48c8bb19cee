import {
  crossEntropyLoss,
  Engine,
  initialize,
  inputSpecs,
  lenet,
  mobilenetv2,
  type Optimizer,
  openDevice,
  optimizers,
  type Platform,
  type Task,
  toFloat,
  traceStep,
  usedScalars,
} from 'cvnets';
import { squares } from './squares.js';

export interface TrainOptions {
  readonly device: 'auto' | 'webgpu' | 'wasm';
  readonly model: 'lenet' | 'mobilenetv2';
  /** Threads of the wasm device. */
  readonly threads?: number;
  readonly size: number;
  readonly batch: number;
  readonly steps: number;
  readonly lr: number;
}

export interface StepReport {
  readonly step: number;
  readonly loss: number;
  readonly imagesPerSecond: number;
}

const SEED = 1;
const CLASSES = 4;
const everyStep = { first: true, last: true };

/**
 * Trains on pictures that the program draws itself: which quarter holds the square? The same code runs in Node, in a
 * page and in a page's worker.
 */
export async function train(
  platform: Platform,
  options: TrainOptions,
  announce: (line: string) => void,
  report: (step: StepReport) => void,
): Promise<number[]> {
  const device = await openDevice(platform, { device: options.device, threads: options.threads, announce });
  announce(`training on ${device.description}`);
  const engine = new Engine(device);
  try {
    const model =
      options.model === 'lenet'
        ? lenet({ n_classes: CLASSES, in_channels: 3, image_size: options.size })
        : mobilenetv2({ n_classes: CLASSES, activation: 'relu6' });
    const { parameters, buffers } = initialize(model, { seed: SEED });
    const task: Task = {
      classes: CLASSES,
      parameters,
      buffers,
      logits: (image, { training, counter }) =>
        model.call(toFloat(image, { scale: [1 / 255] }), { training, dropoutCounter: counter, seed: SEED }),
      loss: crossEntropyLoss,
    };
    const rule: Optimizer = optimizers.sgd(
      parameters.map((state) => ({ state })),
      { momentum: 0.9, nesterov: true, weight_decay: 4e-5, no_decay_bn_filter_bias: true },
    );
    const specs = inputSpecs({ batch: options.batch, height: options.size, width: options.size }, 3);
    const program = await engine.compile('train', traceStep(task, rule, undefined, everyStep, [], specs));

    const losses: number[] = [];
    for (let step = 0; step < options.steps; step++) {
      const start = platform.now();
      const scalars = usedScalars(program, { counter: step, ...rule.scalars(options.lr, step) });
      const { loss } = await program.run({ inputs: squares(options.batch, options.size, step), scalars });
      losses.push(loss[0]);
      report({ step, loss: loss[0], imagesPerSecond: (1000 * options.batch) / (platform.now() - start) });
    }
    return losses;
  } finally {
    await engine.close();
  }
}
