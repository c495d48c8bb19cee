import { add } from '../ops/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { ConvLayer, type LayerSettings } from './conv-layer.js';
import { makeDivisible } from './divisible.js';
import { type ForwardContext, Module } from './module.js';
import { Sequential } from './sequential.js';

export interface InvertedResidualOptions {
  readonly settings: LayerSettings;
  readonly stride: number;
  readonly expand: number;
  readonly dilation?: number;
  /** Of the depthwise convolution; `same` is TensorFlow's. */
  readonly padding?: 'same';
}

/**
 * MobileNetV2's block (arXiv:1801.04381, Table 1): a 1x1 expansion, a depthwise 3x3, a linear 1x1 projection, and a
 * skip where shapes allow.
 */
export class InvertedResidual extends Module {
  readonly block: Sequential;
  readonly skip: boolean;

  constructor(inChannels: number, outChannels: number, options: InvertedResidualOptions) {
    super();
    const { settings, stride, expand, dilation, padding } = options;
    const hidden = makeDivisible(Math.round(inChannels * expand), 8);
    this.block = new Sequential({
      exp_1x1: expand !== 1 && new ConvLayer(inChannels, hidden, { settings, kernel: 1 }),
      conv_3x3: new ConvLayer(hidden, hidden, { settings, kernel: 3, stride, dilation, padding, groups: hidden }),
      red_1x1: new ConvLayer(hidden, outChannels, { settings, kernel: 1, act: false }),
    });
    this.skip = stride === 1 && inChannels === outChannels;
  }

  forward(x: Tensor, context: ForwardContext): Tensor {
    const y = this.block.call(x, context);
    return this.skip ? add(x, y) : y;
  }
}
