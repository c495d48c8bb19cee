import { fuseBatchNormActivation } from '../../graph/passes/fuse.js';
import { rewriteTrace } from '../../graph/rewrite.js';
import { crossEntropyLoss } from '../../losses/cross-entropy.js';
import { mobilenetv1 } from '../../models/classification/mobilenetv1.js';
import { mobilenetv2 } from '../../models/classification/mobilenetv2.js';
import type { ClassificationModel } from '../../models/classification/model.js';
import { resnet } from '../../models/classification/resnet.js';
import { initialize } from '../../nn/initialize.js';
import { toFloat } from '../../ops/index.js';
import { Sgd } from '../../optim/sgd.js';
import { trace } from '../../scheduler/engine.js';
import { channelsLast } from '../../tensor/layout.js';
import { size } from '../../tensor/shape.js';
import type { State } from '../../tensor/state.js';
import { input, type Source, scalar } from '../../tensor/tensor.js';
import { inputSpecs, traceStep, usedScalars } from '../../train/programs.js';
import type { Task } from '../../train/task.js';
import type { BenchCase, BuiltCase } from './bench-case.js';
import { type Fill, fillWith } from './fill.js';
import { describeGraph, type SgdSettings } from './graph-description.js';
import { SmallCnn } from './small-cnn.js';

export interface ModelCase extends BenchCase {
  readonly mode: 'training step' | 'forward';
  readonly batch: number;
  /** Where the case lies in a scaling chart. */
  readonly scaling?: { readonly chart: string; readonly axis: string; readonly at: number };
}

interface Network {
  build(width: number): ClassificationModel;
  readonly shapes: readonly { readonly size: number; readonly batch: number }[];
}

const shapes = [
  { size: 96, batch: 16 },
  { size: 160, batch: 8 },
  { size: 224, batch: 8 },
];

/** Without dropout, so that every engine computes the same. */
const networks: Readonly<Record<string, Network>> = {
  'small-cnn': { build: () => new SmallCnn(), shapes: [{ size: 32, batch: 32 }] },
  mobilenetv1: { build: (width) => mobilenetv1({ width_multiplier: width, classifier_dropout: 0 }), shapes },
  mobilenetv2: {
    build: (width) => mobilenetv2({ width_multiplier: width, activation: 'relu6', classifier_dropout: 0 }),
    shapes,
  },
  resnet18: { build: () => resnet({ depth: 18 }), shapes },
  resnet50: { build: () => resnet({ depth: 50 }), shapes },
};

export const CHANNELS = 3;
const CHECKED_STEPS = 2;
export const sgd: SgdSettings = { lr: 0.003, momentum: 0.9, nesterov: true };

/** Weights uniform with He's variance for their fan-in; norms that change nothing at first; no biases. */
function fillOf({ name, shape }: State, seed: number): Fill {
  if (shape.length >= 2) {
    const bound = Math.sqrt(6 / size(shape.slice(1)));
    return { kind: 'uniform', seed, low: -bound, high: bound };
  }
  return { kind: 'constant', value: /(weight|running_var)$/.test(name) ? 1 : 0 };
}

/** A network of the suite with its states, as the trainer sees it. */
export function benchTask(network: string, width = 1): { readonly task: Task; readonly rule: Sgd } {
  const model = networks[network].build(width);
  const { parameters, buffers } = initialize(model);
  const task: Task = {
    classes: model.n_classes,
    parameters,
    buffers,
    logits(image, { training, counter }) {
      // Bytes with mean 0 and a standard deviation of 1.
      const x = toFloat(image, { scale: [1 / 74], shift: [-127.5 / 74] });
      return model.call(x, { training, dropoutCounter: counter, seed: 0 });
    },
    loss: crossEntropyLoss,
  };
  const { momentum, nesterov } = sgd;
  const trainables = parameters.map((state) => ({ state }));
  return { task, rule: new Sgd(trainables, { momentum, nesterov, weight_decay: 0 }) };
}

export interface ModelSpec {
  readonly network: string;
  readonly size: number;
  readonly batch: number;
  readonly width?: number;
  readonly mode: ModelCase['mode'];
  /** Activations are computed again so that the step takes this share of its memory. */
  readonly memoryShare?: number;
  readonly scaling?: ModelCase['scaling'];
}

/** A training step as the trainer traces it, or a forward pass as the predictor does, with the peers' description. */
export function modelCase(spec: ModelSpec): ModelCase {
  const { network, size: side, batch, width = 1, mode, memoryShare, scaling } = spec;
  const lean = memoryShare ? `, ${100 * memoryShare} % of the memory` : '';
  const wide = width === 1 ? '' : ` width ${width}`;
  const training = mode === 'training step';
  return {
    name: `${network}${wide} ${side} batch ${batch} ${mode}${lean}`,
    mode,
    batch,
    scaling,
    checks: training ? CHECKED_STEPS : 1,
    build() {
      const { task, rule } = benchTask(network, width);
      const { parameters, buffers, classes } = task;
      const fills = new Map([...parameters, ...buffers].map((state, i) => [state, fillOf(state, i + 1)]));
      const pixels: Fill = { kind: 'bytes', seed: 1000 };
      const labels: Fill = { kind: 'cycle', length: classes };
      const sourceFill = (source: Source): Fill => {
        if (source.kind === 'state') return fills.get(source.state)!;
        return source.name === 'image' ? pixels : labels;
      };
      const specs = inputSpecs({ batch, height: side, width: side }, CHANNELS);
      const image = fillWith(pixels, new Uint8Array(size(specs.image.shape)));
      const inputs = {
        image: channelsLast(image, specs.image.shape),
        target: fillWith(labels, new Int32Array(batch)),
      };
      return training
        ? { ...trainingStep(task, rule, specs, inputs, sourceFill, fills), memoryShare }
        : forwardPass(task, specs, inputs, sourceFill, fills);
    },
  };
}

type Specs = ReturnType<typeof inputSpecs>;
type Inputs = { readonly image: Uint8Array; readonly target: Int32Array };
type Parts = [specs: Specs, inputs: Inputs, sourceFill: (source: Source) => Fill, fills: ReadonlyMap<State, Fill>];

function trainingStep(task: Task, rule: Sgd, ...[specs, inputs, sourceFill, fills]: Parts): BuiltCase {
  const plain = trace(() => {
    const context = { training: true, counter: scalar('counter', 'u32') };
    const logits = task.logits(input('image', specs.image.shape, 'u8'), context);
    return { loss: task.loss(logits, input('target', specs.target.shape, 'i32'), context) };
  });
  return {
    trace: traceStep(task, rule, undefined, { first: true, last: true }, [], specs),
    graph: describeGraph(plain, sourceFill, { parameters: task.parameters, settings: sgd }),
    fills,
    feeds: (program, step) => ({
      inputs,
      scalars: usedScalars(program, { counter: step, ...rule.scalars(sgd.lr) }),
    }),
    read: ['loss'],
  };
}

function forwardPass(task: Task, ...[specs, { image }, sourceFill, fills]: Parts): BuiltCase {
  const plain = trace(() => {
    const context = { training: false, counter: scalar('counter', 'u32') };
    return { logits: task.logits(input('image', specs.image.shape, 'u8'), context) };
  });
  return {
    trace: { ...rewriteTrace(plain, fuseBatchNormActivation), writes: new Map() },
    graph: describeGraph(plain, sourceFill),
    fills,
    feeds: (program) => ({ inputs: { image }, scalars: usedScalars(program, { counter: 0 }) }),
    read: ['logits'],
    network: { task, image: specs.image.shape },
  };
}

/** Networks whose activations outweigh their parameters by far: recompute can halve what they need at batch 8. */
const halvable = ['mobilenetv1', 'mobilenetv2'];

/** The suite `models`. */
export const modelCases: readonly ModelCase[] = Object.entries(networks).flatMap(([network, { shapes: all }]) => [
  ...all.flatMap((shape) =>
    (['training step', 'forward'] as const).map((mode) => modelCase({ network, ...shape, mode })),
  ),
  ...all
    .filter(({ size: side }) => side === 224 && halvable.includes(network))
    .map((shape) => modelCase({ network, ...shape, mode: 'training step', memoryShare: 0.5 })),
]);

function scalingCases(axis: 'batch' | 'size' | 'width', values: readonly number[]): ModelCase[] {
  const base = { network: 'mobilenetv2', size: 96, batch: 8, width: 1, mode: 'training step' } as const;
  return values.map((at) => modelCase({ ...base, [axis]: at, scaling: { chart: 'mobilenetv2', axis, at } }));
}

/** Step time against batch, resolution and width: `models --scaling`. */
export const scalingModelCases: readonly ModelCase[] = [
  ...scalingCases('batch', [1, 2, 4, 8, 16, 32]),
  ...scalingCases('size', [64, 96, 128, 160, 192, 224]),
  ...scalingCases('width', [0.35, 0.5, 0.75, 1, 1.4]),
];
