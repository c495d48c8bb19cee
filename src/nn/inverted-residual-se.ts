import { add } from '../ops/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { ConvLayer, type LayerSettings } from './conv-layer.js';
import { makeDivisible } from './divisible.js';
import type { ActivationName } from './layers.js';
import { type ForwardContext, Module } from './module.js';
import { Sequential } from './sequential.js';
import { SqueezeExcitation } from './squeeze-excitation.js';
import { StochasticDepth } from './stochastic-depth.js';

type PlainActivation = Exclude<ActivationName, 'prelu'>;

export interface SqueezeOptions {
  /** The bottleneck has 1 / `factor` of the channels. */
  readonly factor: number;
  readonly scale: PlainActivation;
}

export interface InvertedResidualSEOptions {
  /** Of the network: its activation is the one inside the squeeze-and-excitation. */
  readonly settings: LayerSettings;
  readonly stride: number;
  readonly expand: number;
  readonly dilation?: number;
  /** Size of the depthwise convolution [3]. */
  readonly kernel?: number;
  /** Activation of the block itself. */
  readonly activation: PlainActivation;
  /** Squeeze-and-excitation after the depthwise convolution; left out: none. */
  readonly squeeze?: SqueezeOptions;
  /** Probability that the branch of a sample is dropped, where there is a skip [0]. */
  readonly drop_path?: number;
}

/** CVNets does not squeeze to fewer channels, whatever the factor. */
const LEAST_SQUEEZED = 32;

function squeezeExcitation(hidden: number, settings: LayerSettings, { factor, scale }: SqueezeOptions): Module {
  const squeeze = Math.max(LEAST_SQUEEZED, makeDivisible(Math.floor(hidden / factor), 8));
  return new SqueezeExcitation(hidden, { settings, squeeze, scale });
}

/** The block of MobileNetV3 (arXiv:1905.02244, Figure 4) and EfficientNet: MobileNetV2's with squeeze-and-excitation. */
export class InvertedResidualSE extends Module {
  readonly block: Sequential;
  readonly stochastic_depth?: StochasticDepth;
  readonly skip: boolean;

  constructor(inChannels: number, outChannels: number, options: InvertedResidualSEOptions) {
    super();
    const { settings, stride, expand, dilation, kernel = 3, activation, squeeze, drop_path = 0 } = options;
    const hidden = makeDivisible(Math.round(inChannels * expand), 8);
    const own: LayerSettings = { ...settings, activation: { name: activation } };
    this.block = new Sequential({
      exp_1x1: expand !== 1 && new ConvLayer(inChannels, hidden, { settings: own, kernel: 1 }),
      // CVNets calls it so for every kernel.
      conv_3x3: new ConvLayer(hidden, hidden, { settings: own, kernel, stride, dilation, groups: hidden }),
      se: squeeze && squeezeExcitation(hidden, settings, squeeze),
      red_1x1: new ConvLayer(hidden, outChannels, { settings: own, kernel: 1, act: false }),
    });
    this.skip = stride === 1 && inChannels === outChannels;
    if (this.skip && drop_path > 0) this.stochastic_depth = new StochasticDepth(drop_path);
  }

  forward(x: Tensor, context: ForwardContext): Tensor {
    const y = this.block.call(x, context);
    if (!this.skip) return y;
    return add(x, this.stochastic_depth ? this.stochastic_depth.call(y, context) : y);
  }
}
