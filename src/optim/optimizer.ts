import { globalNorm } from '../ops/index.js';
import { size } from '../tensor/shape.js';
import { readState, State, writeState } from '../tensor/state.js';
import { scalar, type Tensor } from '../tensor/tensor.js';
import { ShapeError } from '../utils/errors.js';

/** Something to train: a layer's `Parameter`, or a state alone. */
export interface Trainable {
  readonly state: State;
  /** Factor of the learning rate [1]. */
  readonly lrMultiplier?: number;
}

/** CVNets' `optim.*` that all optimizers share. */
export interface OptimizerOptions {
  /** [4e-5] */
  readonly weight_decay?: number;
  /** 1-D parameters, which are biases and norms, are not decayed [false]. */
  readonly no_decay_bn_filter_bias?: boolean;
  /** Largest global norm of the gradients; left out: they are not clipped. */
  readonly grad_clip?: number;
}

/** Turns gradients into updates of the parameters it was made for. */
export interface Optimizer {
  /** What it keeps from step to step. */
  readonly states: readonly State[];
  /** Appends one update to the trace; `gradients` are in the order of the parameters. */
  update(gradients: readonly Tensor[]): void;
  /** Values of the scalars that the update reads; `update` counts from 0. */
  scalars(lr: number, update: number): Readonly<Record<string, number>>;
}

/** Per parameter: what its group of CVNets' parameter groups says. */
export interface GroupValues {
  readonly weightDecay: readonly number[];
  readonly lrMultiplier: readonly number[];
}

export function groupValues(parameters: readonly Trainable[], options: OptimizerOptions): GroupValues {
  const { weight_decay = 4e-5, no_decay_bn_filter_bias = false } = options;
  const decayed = ({ state }: Trainable): boolean => !(no_decay_bn_filter_bias && state.shape.length === 1);
  return {
    weightDecay: parameters.map((parameter) => (decayed(parameter) ? weight_decay : 0)),
    lrMultiplier: parameters.map(({ lrMultiplier = 1 }) => lrMultiplier),
  };
}

/** A zero-filled state for each parameter, such as its momentum. */
export function slots(parameters: readonly Trainable[], kind: string): State[] {
  return parameters.map(({ state: { name, shape } }) => {
    return new State(`optimizer.${kind}.${name}`, shape, 'optimizer', () => new Float32Array(size(shape)));
  });
}

export function expectGradients(parameters: readonly Trainable[], gradients: readonly Tensor[]): void {
  if (gradients.length === parameters.length) return;
  throw new ShapeError(
    `the optimizer got ${gradients.length} gradients, but has ${parameters.length} parameters`,
    'pass gradients(loss, parameters) in the order of the parameters',
  );
}

export function clippingCoefficient(gradients: readonly Tensor[], { grad_clip }: OptimizerOptions): Tensor | undefined {
  return grad_clip === undefined ? undefined : globalNorm(gradients, grad_clip).coefficient;
}

export const learningRate = (): Tensor => scalar('lr');

export const readAll = (states: readonly State[]): Tensor[] => states.map(readState);

export function writeAll(states: readonly State[], values: readonly Tensor[]): void {
  states.forEach((state, i) => {
    writeState(state, values[i]);
  });
}
