import { sgd } from '../ops/index.js';
import type { State } from '../tensor/state.js';
import type { Tensor } from '../tensor/tensor.js';
import {
  clippingCoefficient,
  expectGradients,
  groupValues,
  learningRate,
  type Optimizer,
  type OptimizerOptions,
  readAll,
  slots,
  type Trainable,
  writeAll,
} from './optimizer.js';

export interface SgdOptions extends OptimizerOptions {
  /** [0.9] */
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

/** Stochastic gradient descent with momentum, all parameters in one launch. */
export class Sgd implements Optimizer {
  readonly states: readonly State[];
  readonly #parameters: readonly State[];

  constructor(
    private readonly trainables: readonly Trainable[],
    private readonly options: SgdOptions = {},
  ) {
    this.#parameters = trainables.map(({ state }) => state);
    this.states = slots(trainables, 'momentum_buffer');
  }

  update(gradients: readonly Tensor[]): void {
    expectGradients(this.trainables, gradients);
    const { momentum = 0.9, nesterov = false } = this.options;
    const operands = {
      parameters: readAll(this.#parameters),
      gradients,
      momenta: readAll(this.states),
      lr: learningRate(),
      coefficient: clippingCoefficient(gradients, this.options),
    };
    const result = sgd(operands, { momentum, nesterov, ...groupValues(this.trainables, this.options) });
    writeAll(this.#parameters, result.parameters);
    writeAll(this.states, result.momenta);
  }

  scalars(lr: number): Readonly<Record<string, number>> {
    return { lr };
  }
}
