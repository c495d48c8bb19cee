import { ConvLayer } from '../../nn/conv-layer.js';
import { clamp, makeDivisible } from '../../nn/divisible.js';
import { InvertedResidual } from '../../nn/inverted-residual.js';
import { Sequential } from '../../nn/sequential.js';
import { classifierHead, Encoder, type EncoderOptions, layerSettings } from './model.js';
import { stageStrides } from './stages.js';
import type { Variant } from './variants/index.js';

export interface MobileNetV2Options extends EncoderOptions {
  /** Scales the channels of every stage [1]. */
  readonly width_multiplier?: number;
  /** Whose MobileNetV2 it is: all but CVNets scale the first convolution, and TensorFlow pads differently [cvnets]. */
  readonly variant?: Variant;
}

/** Expansion, output channels, blocks, stride of the first block: the rows of Table 2, by stage. */
const stages = [
  [[1, 16, 1, 1]],
  [[6, 24, 2, 2]],
  [[6, 32, 3, 2]],
  [
    [6, 64, 4, 2],
    [6, 96, 3, 1],
  ],
  [
    [6, 160, 3, 2],
    [6, 320, 1, 1],
  ],
] as const;

/** MobileNetV2 (arXiv:1801.04381). */
export class MobileNetV2 extends Encoder {
  readonly conv_1: ConvLayer;
  readonly layer_1: Sequential;
  readonly layer_2: Sequential;
  readonly layer_3: Sequential;
  readonly layer_4: Sequential;
  readonly layer_5: Sequential;
  readonly conv_1x1_exp: ConvLayer;
  readonly classifier: Sequential;
  readonly channels;

  constructor(options: MobileNetV2Options = {}) {
    super(options);
    const { width_multiplier: width = 1, variant = 'cvnets', output_stride, global_pool } = options;
    const { classifier_dropout = clamp(Math.round(200 * width) / 1000, 0, 0.2) } = options;
    const settings = layerSettings(options);
    const scaled = (channels: number): number => makeDivisible(channels * width, 8);
    const next = stageStrides(output_stride);
    const padding = variant === 'tensorflow' ? 'same' : undefined;
    let channels = variant === 'cvnets' ? 32 : scaled(32);

    const stage = (index: number): Sequential => {
      const blocks: Record<string, InvertedResidual> = {};
      for (const [expand, out, count, firstStride] of stages[index - 1]) {
        const { stride, firstDilation, dilation } = next(index, firstStride);
        for (let i = 0; i < count; i++) {
          const window = i === 0 ? { stride, dilation: firstDilation } : { stride: 1, dilation };
          const name = `mv2_block_${Object.keys(blocks).length}`;
          blocks[name] = new InvertedResidual(channels, scaled(out), { settings, expand, padding, ...window });
          channels = scaled(out);
        }
      }
      return new Sequential(blocks);
    };

    this.conv_1 = new ConvLayer(3, channels, { settings, kernel: 3, stride: 2, padding });
    this.layer_1 = stage(1);
    this.layer_2 = stage(2);
    this.layer_3 = stage(3);
    this.layer_4 = stage(4);
    this.layer_5 = stage(5);
    const features = makeDivisible(1280 * Math.max(1, width), 8);
    this.conv_1x1_exp = new ConvLayer(channels, features, { settings, kernel: 1 });
    this.classifier = classifierHead(features, this.n_classes, classifier_dropout, global_pool);
    this.channels = [scaled(16), scaled(24), scaled(32), scaled(96), channels, features] as const;
  }
}

export const mobilenetv2 = (options?: MobileNetV2Options): MobileNetV2 => new MobileNetV2(options);
