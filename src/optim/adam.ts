import { adam } from '../ops/index.js';
import type { State } from '../tensor/state.js';
import { scalar, type Tensor } from '../tensor/tensor.js';
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

export interface AdamOptions extends OptimizerOptions {
  /** Decay of the first moment [0.9]. */
  readonly beta1?: number;
  /** Decay of the second moment [0.98]. */
  readonly beta2?: number;
  /** [1e-8] */
  readonly eps?: number;
}

/** Adam (arXiv:1412.6980), all parameters in one launch; weight decay is part of the gradient. */
export class Adam implements Optimizer {
  readonly states: readonly State[];
  protected readonly decoupled: boolean = false;
  readonly #parameters: readonly State[];
  readonly #firstMoments: readonly State[];
  readonly #secondMoments: readonly State[];

  constructor(
    private readonly trainables: readonly Trainable[],
    private readonly options: AdamOptions = {},
  ) {
    this.#parameters = trainables.map(({ state }) => state);
    this.#firstMoments = slots(trainables, 'exp_avg');
    this.#secondMoments = slots(trainables, 'exp_avg_sq');
    this.states = [...this.#firstMoments, ...this.#secondMoments];
  }

  update(gradients: readonly Tensor[]): void {
    expectGradients(this.trainables, gradients);
    const { beta1 = 0.9, beta2 = 0.98, eps = 1e-8 } = this.options;
    const operands = {
      parameters: readAll(this.#parameters),
      gradients,
      firstMoments: readAll(this.#firstMoments),
      secondMoments: readAll(this.#secondMoments),
      lr: learningRate(),
      biasCorrection1: scalar('bias_correction_1'),
      biasCorrection2: scalar('bias_correction_2'),
      coefficient: clippingCoefficient(gradients, this.options),
    };
    const values = groupValues(this.trainables, this.options);
    const result = adam(operands, { betas: [beta1, beta2], eps, decoupled: this.decoupled, ...values });
    writeAll(this.#parameters, result.parameters);
    writeAll(this.#firstMoments, result.firstMoments);
    writeAll(this.#secondMoments, result.secondMoments);
  }

  scalars(lr: number, update: number): Readonly<Record<string, number>> {
    const { beta1 = 0.9, beta2 = 0.98 } = this.options;
    const t = update + 1;
    return { lr, bias_correction_1: 1 - beta1 ** t, bias_correction_2: 1 - beta2 ** t };
  }
}

/** AdamW (arXiv:1711.05101): weight decay acts on the parameter itself. */
export class AdamW extends Adam {
  protected override readonly decoupled = true;
}
