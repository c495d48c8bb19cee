import type { Padding4, Pair } from '../ops/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { Activation, type ActivationOptions, BatchNorm, Conv2d, Prelu } from './layers.js';
import { type ForwardContext, Module } from './module.js';
import { Sequential } from './sequential.js';

/** Settings that all layers of a network share. */
export interface LayerSettings {
  readonly activation: ActivationOptions;
  /** Weight of a batch in the running statistics. */
  readonly norm_momentum: number;
}

export const defaultSettings: LayerSettings = { activation: { name: 'relu' }, norm_momentum: 0.1 };

export function makeActivation(options: ActivationOptions, channels: number): Module {
  const { name } = options;
  return name === 'prelu' ? new Prelu(channels) : new Activation({ ...options, name });
}

export interface ConvLayerOptions {
  readonly settings: LayerSettings;
  readonly kernel: number;
  readonly stride?: number | Pair;
  readonly dilation?: number;
  /** Default: half the dilated kernel, which keeps the size at stride 1; `same` is TensorFlow's. */
  readonly padding?: number | Pair | Padding4 | 'same';
  readonly groups?: number;
  readonly bias?: boolean;
  readonly norm?: boolean;
  readonly act?: boolean;
}

/** CVNets' ConvLayer: convolution, batch norm and activation, the last two optional. */
export class ConvLayer extends Module {
  readonly block: Sequential;

  constructor(inChannels: number, outChannels: number, options: ConvLayerOptions) {
    super();
    const { settings, kernel, stride, dilation = 1, groups, bias, norm = true, act = true } = options;
    const { padding = Math.floor((kernel - 1) / 2) * dilation } = options;
    this.block = new Sequential({
      conv: new Conv2d(inChannels, outChannels, { kernel, stride, padding, dilation, groups, bias }),
      norm: norm && new BatchNorm(outChannels, { momentum: settings.norm_momentum }),
      act: act && makeActivation(settings.activation, outChannels),
    });
  }

  forward(x: Tensor, context: ForwardContext): Tensor {
    return this.block.call(x, context);
  }
}

export interface SeparableConvOptions {
  readonly settings: LayerSettings;
  readonly kernel: number;
  readonly stride?: number;
  readonly dilation?: number;
}

/** Depthwise convolution with a norm, then a 1x1 convolution with norm and activation. */
export class SeparableConv extends Module {
  readonly dw_conv: ConvLayer;
  readonly pw_conv: ConvLayer;

  constructor(inChannels: number, outChannels: number, options: SeparableConvOptions) {
    super();
    this.dw_conv = new ConvLayer(inChannels, inChannels, { ...options, groups: inChannels, act: false });
    this.pw_conv = new ConvLayer(inChannels, outChannels, { settings: options.settings, kernel: 1 });
  }

  forward(x: Tensor, context: ForwardContext): Tensor {
    return this.pw_conv.call(this.dw_conv.call(x, context), context);
  }
}
