import { ConvLayer } from '../../nn/conv-layer.js';
import { makeDivisible } from '../../nn/divisible.js';
import { InvertedResidualSE } from '../../nn/inverted-residual-se.js';
import { Sequential } from '../../nn/sequential.js';
import { classifierHead, Encoder, type EncoderOptions, layerSettings } from './model.js';
import { stageStrides } from './stages.js';

export interface EfficientNetOptions extends EncoderOptions {
  /** [b0] */
  readonly mode?: EfficientNetMode;
  /** Probability that the last block drops its branch; it grows linearly from 0 [0]. */
  readonly stochastic_depth_prob?: number;
}

/** Factors of width and depth, and the size of images that each variant is made for (arXiv:1905.11946). */
export const efficientnetScales = {
  b0: { width: 1, depth: 1, size: 224 },
  b1: { width: 1, depth: 1.1, size: 240 },
  b2: { width: 1.1, depth: 1.2, size: 260 },
  b3: { width: 1.2, depth: 1.4, size: 300 },
  b4: { width: 1.4, depth: 1.8, size: 380 },
  b5: { width: 1.6, depth: 2.2, size: 456 },
  b6: { width: 1.8, depth: 2.6, size: 528 },
  b7: { width: 2, depth: 3.1, size: 600 },
} as const;

export type EfficientNetMode = keyof typeof efficientnetScales;

/** Expansion, kernel, stride of the first block, output channels, blocks: the rows of Table 1, by stage. */
const stages = [
  [[1, 3, 1, 16, 1]],
  [[6, 3, 2, 24, 2]],
  [[6, 5, 2, 40, 2]],
  [
    [6, 3, 2, 80, 3],
    [6, 5, 1, 112, 3],
  ],
  [
    [6, 5, 2, 192, 4],
    [6, 3, 1, 320, 1],
  ],
] as const;

/** EfficientNet (arXiv:1905.11946) with CVNets' squeeze-and-excitation, which keeps at least 32 channels. */
export class EfficientNet extends Encoder {
  readonly conv_1: ConvLayer;
  readonly layer_1: Sequential;
  readonly layer_2: Sequential;
  readonly layer_3: Sequential;
  readonly layer_4: Sequential;
  readonly layer_5: Sequential;
  readonly conv_1x1_exp: ConvLayer;
  readonly classifier: Sequential;
  readonly channels;

  constructor(options: EfficientNetOptions = {}) {
    super(options);
    const { mode = 'b0', stochastic_depth_prob = 0, classifier_dropout = 0, output_stride, global_pool } = options;
    const { width, depth } = efficientnetScales[mode];
    const settings = layerSettings(options);
    const scaled = (channels: number): number => makeDivisible(channels * width, 8);
    const blocksOf = (count: number): number => Math.ceil(count * depth);
    const total = stages.flat().reduce((sum, [, , , , count]) => sum + blocksOf(count), 0);
    const next = stageStrides(output_stride);
    const outputs: number[] = [];
    let channels = scaled(32);
    let position = 0;

    const stage = (index: number): Sequential => {
      const blocks: InvertedResidualSE[] = [];
      for (const [expand, kernel, firstStride, out, count] of stages[index - 1]) {
        const { stride, firstDilation, dilation } = next(index, firstStride);
        for (let i = 0; i < blocksOf(count); i++) {
          const window = i === 0 ? { stride, dilation: firstDilation } : { stride: 1, dilation };
          const block = new InvertedResidualSE(channels, scaled(out), {
            settings,
            expand,
            kernel,
            activation: 'swish',
            squeeze: { factor: 4 * expand, scale: 'sigmoid' },
            drop_path: (stochastic_depth_prob * position++) / total,
            ...window,
          });
          blocks.push(block);
          channels = scaled(out);
        }
      }
      outputs.push(channels);
      return new Sequential(blocks);
    };

    this.conv_1 = new ConvLayer(3, channels, { settings, kernel: 3, stride: 2 });
    this.layer_1 = stage(1);
    this.layer_2 = stage(2);
    this.layer_3 = stage(3);
    this.layer_4 = stage(4);
    this.layer_5 = stage(5);
    const features = 4 * channels;
    this.conv_1x1_exp = new ConvLayer(channels, features, { settings, kernel: 1 });
    this.classifier = classifierHead(features, this.n_classes, classifier_dropout, global_pool);
    const [a, b, c, d, e] = outputs;
    this.channels = [a, b, c, d, e, features] as const;
  }
}

export const efficientnet = (options?: EfficientNetOptions): EfficientNet => new EfficientNet(options);
