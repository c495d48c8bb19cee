import { add } from '../ops/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { ConvLayer, type LayerSettings, makeActivation } from './conv-layer.js';
import { Dropout } from './layers.js';
import { type ForwardContext, Module } from './module.js';
import { Sequential } from './sequential.js';
import { SqueezeExcitation } from './squeeze-excitation.js';
import { StochasticDepth } from './stochastic-depth.js';

export interface ResnetBlockOptions {
  readonly settings: LayerSettings;
  readonly stride: number;
  readonly dilation?: number;
  readonly dropout?: number;
  /** Probability that the whole branch of a sample is dropped. */
  readonly drop_path?: number;
  /** Channels of a squeeze-and-excitation bottleneck; left out: none. */
  readonly squeeze?: number;
}

/** Residual block of arXiv:1512.03385 with the stride in the 3x3 convolution; subclasses give the branch. */
abstract class ResnetBlock extends Module {
  readonly block: Sequential;
  readonly se_block?: SqueezeExcitation;
  readonly stochastic_depth?: StochasticDepth;
  readonly down_sample?: ConvLayer;
  readonly final_act: Module;

  constructor(
    inChannels: number,
    outChannels: number,
    branch: Readonly<Record<string, Module>>,
    { settings, stride, dropout = 0, drop_path = 0, squeeze }: ResnetBlockOptions,
  ) {
    super();
    this.block = new Sequential({ ...branch, dropout: dropout > 0 && new Dropout(dropout) });
    if (squeeze) this.se_block = new SqueezeExcitation(outChannels, { settings, squeeze });
    if (drop_path > 0) this.stochastic_depth = new StochasticDepth(drop_path);
    if (stride !== 1 || inChannels !== outChannels) {
      this.down_sample = new ConvLayer(inChannels, outChannels, { settings, kernel: 1, stride, act: false });
    }
    this.final_act = makeActivation(settings.activation, outChannels);
  }

  forward(x: Tensor, context: ForwardContext): Tensor {
    let y = this.block.call(x, context);
    if (this.se_block) y = this.se_block.call(y, context);
    if (this.stochastic_depth) y = this.stochastic_depth.call(y, context);
    const shortcut = this.down_sample ? this.down_sample.call(x, context) : x;
    return this.final_act.call(add(y, shortcut), context);
  }
}

/** Two 3x3 convolutions: ResNet-18 and 34. */
export class BasicResnetBlock extends ResnetBlock {
  constructor(inChannels: number, midChannels: number, options: ResnetBlockOptions) {
    const { settings, stride, dilation } = options;
    const branch = {
      conv_batch_act_1: new ConvLayer(inChannels, midChannels, { settings, kernel: 3, stride, dilation }),
      conv_batch_2: new ConvLayer(midChannels, midChannels, { settings, kernel: 3, dilation, act: false }),
    };
    super(inChannels, midChannels, branch, options);
  }
}

/** 1x1, 3x3 and 1x1 convolutions; the last one widens by 4: ResNet-50 and 101. */
export class BottleneckResnetBlock extends ResnetBlock {
  static readonly expansion = 4;

  constructor(inChannels: number, midChannels: number, options: ResnetBlockOptions) {
    const { settings, stride, dilation } = options;
    const outChannels = BottleneckResnetBlock.expansion * midChannels;
    const branch = {
      conv_batch_act_1: new ConvLayer(inChannels, midChannels, { settings, kernel: 1 }),
      conv_batch_act_2: new ConvLayer(midChannels, midChannels, { settings, kernel: 3, stride, dilation }),
      conv_batch_3: new ConvLayer(midChannels, outChannels, { settings, kernel: 1, act: false }),
    };
    super(inChannels, outChannels, branch, options);
  }
}
