import {
  type ActivationKind,
  abs,
  activation,
  batchNorm,
  batchNormInference,
  conv2d,
  dropout,
  flatten,
  linear,
  type MaxPool2dOptions,
  maxPool2d,
  mean,
  type Padding4,
  type Pair,
  prelu,
  sqrt,
  square,
} from '../ops/index.js';
import { currentScope, type Tensor } from '../tensor/tensor.js';
import { streamOf } from '../utils/random.js';
import { constant, ones, torchDefault, torchDefaultBias, xavierUniform, zeros } from './init.js';
import { type ForwardContext, Module, Parameter } from './module.js';
import { samePadding } from './same-padding.js';

export interface Conv2dLayerOptions {
  readonly kernel: number | Pair;
  readonly stride?: number | Pair;
  readonly padding?: number | Pair | Padding4 | 'same';
  readonly dilation?: number | Pair;
  readonly groups?: number;
  readonly bias?: boolean;
}

/** Convolution with PyTorch's default initialisation. */
export class Conv2d extends Module {
  readonly weight: Parameter;
  readonly bias?: Parameter;

  constructor(
    inChannels: number,
    outChannels: number,
    private readonly options: Conv2dLayerOptions,
  ) {
    super();
    const { kernel, groups = 1, bias = false } = options;
    const [height, width] = typeof kernel === 'number' ? [kernel, kernel] : kernel;
    const perGroup = inChannels / groups;
    this.weight = new Parameter([outChannels, perGroup, height, width], torchDefault, { family: 'conv' });
    if (bias) this.bias = new Parameter([outChannels], torchDefaultBias(perGroup * height * width), { family: 'conv' });
  }

  forward(x: Tensor): Tensor {
    const { stride, dilation, groups } = this.options;
    const padding = this.options.padding === 'same' ? samePadding(x.shape, this.options) : this.options.padding;
    return conv2d(x, this.weight.read(), { bias: this.bias?.read(), stride, padding, dilation, groups });
  }
}

/** Fully connected layer: xavier_uniform weight, zero bias, as in CVNets. */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias?: Parameter;

  constructor(inFeatures: number, outFeatures: number, { bias = true }: { bias?: boolean } = {}) {
    super();
    this.weight = new Parameter([outFeatures, inFeatures], xavierUniform, { family: 'linear' });
    if (bias) this.bias = new Parameter([outFeatures], zeros);
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight.read(), this.bias?.read());
  }
}

/** Batch norm over [N,C] or [N,C,H,W]. Frozen, it uses and keeps its running statistics in training too. */
export class BatchNorm extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly running_mean: Parameter;
  readonly running_var: Parameter;

  constructor(
    channels: number,
    private readonly options: { readonly eps?: number; readonly momentum?: number } = {},
  ) {
    super();
    this.weight = new Parameter([channels], ones);
    this.bias = new Parameter([channels], zeros);
    this.running_mean = new Parameter([channels], zeros, { role: 'buffer' });
    this.running_var = new Parameter([channels], ones, { role: 'buffer' });
  }

  /** Also stops the training of weight and bias. */
  freeze(): void {
    this.frozen = true;
    this.weight.trainable = false;
    this.bias.trainable = false;
  }

  forward(x: Tensor, { training }: ForwardContext): Tensor {
    const { eps = 1e-5, momentum = 0.1 } = this.options;
    const [gamma, beta] = [this.weight.read(), this.bias.read()];
    const [runningMean, runningVar] = [this.running_mean.read(), this.running_var.read()];
    if (!training) return batchNormInference(x, gamma, beta, runningMean, runningVar, { eps });
    const result = batchNorm(x, gamma, beta, runningMean, runningVar, { eps, momentum });
    this.running_mean.write(result.runningMean);
    this.running_var.write(result.runningVar);
    return result.y;
  }
}

/** CVNets' `model.activation.name`. */
export const activationKinds = {
  relu: 'relu',
  relu6: 'relu6',
  leaky_relu: 'leakyRelu',
  sigmoid: 'sigmoid',
  swish: 'silu',
  hard_swish: 'hardSwish',
  hard_sigmoid: 'hardSigmoid',
  gelu: 'gelu',
  tanh: 'tanh',
} as const satisfies Record<string, ActivationKind>;

export type ActivationName = keyof typeof activationKinds | 'prelu';

export interface ActivationOptions {
  readonly name: ActivationName;
  /** Slope below zero of leaky_relu. */
  readonly neg_slope?: number;
}

export class Activation extends Module {
  constructor(private readonly options: ActivationOptions & { readonly name: keyof typeof activationKinds }) {
    super();
  }

  forward(x: Tensor): Tensor {
    const { name, neg_slope = 0.1 } = this.options;
    return activation(x, activationKinds[name], name === 'leaky_relu' ? neg_slope : 0);
  }
}

/** One learned slope a channel. */
export class Prelu extends Module {
  readonly weight: Parameter;

  constructor(channels: number) {
    super();
    this.weight = new Parameter([channels], constant(0.25));
  }

  forward(x: Tensor): Tensor {
    return prelu(x, this.weight.read());
  }
}

/** Zeroes elements in training; nothing in evaluation. Its mask depends on the layer's path, the seed and the step. */
export class Dropout extends Module {
  constructor(readonly p: number) {
    super();
  }

  forward(x: Tensor, { training, dropoutCounter, seed }: ForwardContext): Tensor {
    if (!training || this.p === 0) return x;
    return dropout(x, dropoutCounter, { p: this.p, seed, stream: streamOf(currentScope()) });
  }
}

export type PoolType = 'mean' | 'rms' | 'abs';

const pools: Record<PoolType, (x: Tensor) => Tensor> = {
  mean: (x) => mean(x, { axes: [2, 3] }),
  rms: (x) => sqrt(mean(square(x), { axes: [2, 3] })),
  abs: (x) => mean(abs(x), { axes: [2, 3] }),
};

/** [N,C,H,W] to [N,C]. */
export class GlobalPool extends Module {
  constructor(readonly type: PoolType = 'mean') {
    super();
  }

  forward(x: Tensor): Tensor {
    return pools[this.type](x);
  }
}

export class MaxPool2d extends Module {
  constructor(private readonly options: MaxPool2dOptions) {
    super();
  }

  forward(x: Tensor): Tensor {
    return maxPool2d(x, this.options);
  }
}

export class Flatten extends Module {
  forward(x: Tensor): Tensor {
    return flatten(x);
  }
}

export class Identity extends Module {
  forward(x: Tensor): Tensor {
    return x;
  }
}
