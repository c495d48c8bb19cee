import { mean, mul } from '../ops/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { ConvLayer, type LayerSettings } from './conv-layer.js';
import { Activation, type ActivationName } from './layers.js';
import { type ForwardContext, Module } from './module.js';
import { Sequential } from './sequential.js';

export interface SqueezeExcitationOptions {
  readonly settings: LayerSettings;
  /** Channels of the bottleneck. */
  readonly squeeze: number;
  readonly scale?: Exclude<ActivationName, 'prelu'>;
}

class PoolToMap extends Module {
  forward(x: Tensor): Tensor {
    return mean(x, { axes: [2, 3], keepDims: true });
  }
}

/** Scales each channel by a gate computed from the means of all channels (arXiv:1709.01507). */
export class SqueezeExcitation extends Module {
  readonly se_layer: Sequential;

  constructor(channels: number, { settings, squeeze, scale = 'sigmoid' }: SqueezeExcitationOptions) {
    super();
    this.se_layer = new Sequential({
      global_pool: new PoolToMap(),
      fc1: new ConvLayer(channels, squeeze, { settings, kernel: 1, bias: true, norm: false }),
      fc2: new ConvLayer(squeeze, channels, { settings, kernel: 1, bias: true, norm: false, act: false }),
      scale_act: new Activation({ name: scale }),
    });
  }

  forward(x: Tensor, context: ForwardContext): Tensor {
    return mul(x, this.se_layer.call(x, context));
  }
}
