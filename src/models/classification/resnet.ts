import { ConvLayer } from '../../nn/conv-layer.js';
import { Identity, MaxPool2d } from '../../nn/layers.js';
import type { Module } from '../../nn/module.js';
import { BasicResnetBlock, BottleneckResnetBlock } from '../../nn/resnet-block.js';
import { Sequential } from '../../nn/sequential.js';
import { classifierHead, Encoder, type EncoderOptions, layerSettings } from './model.js';
import { stageStrides } from './stages.js';
import type { Variant } from './variants/index.js';

export interface ResNetOptions extends EncoderOptions {
  /** Number of layers [50]. */
  readonly depth?: ResNetDepth;
  /** Dropout in the residual blocks [0]. */
  readonly dropout?: number;
  /** Probability that the last block drops its branch; it grows linearly from 0 [0]. */
  readonly stochastic_depth_prob?: number;
  /** Squeeze and excitation in every block [false]. */
  readonly se_resnet?: boolean;
  /** Whose ResNet it is: torchvision and timm start with a 7x7 convolution and a max-pool, as the paper [cvnets]. */
  readonly variant?: Variant;
}

/** Blocks in layer_2 ... layer_5 (arXiv:1512.03385, Table 1) and, for SE-ResNet, squeezed channels. */
const variants = {
  18: { block: BasicResnetBlock, counts: [2, 2, 2, 2], squeeze: [8, 8, 16, 32] },
  34: { block: BasicResnetBlock, counts: [3, 4, 6, 3], squeeze: [8, 8, 16, 32] },
  50: { block: BottleneckResnetBlock, counts: [3, 4, 6, 3], squeeze: [16, 32, 64, 128] },
  101: { block: BottleneckResnetBlock, counts: [3, 4, 23, 3], squeeze: [16, 32, 64, 128] },
} as const;

export type ResNetDepth = keyof typeof variants;

const widths = [64, 128, 256, 512] as const;

/** ResNet. CVNets' stem are two strided 3x3 convolutions, the second one depthwise. */
export class ResNet extends Encoder {
  readonly conv_1: ConvLayer;
  readonly layer_1: Module;
  readonly layer_2: Sequential;
  readonly layer_3: Sequential;
  readonly layer_4: Sequential;
  readonly layer_5: Sequential;
  readonly conv_1x1_exp = new Identity();
  readonly classifier: Sequential;
  readonly channels;

  constructor(options: ResNetOptions = {}) {
    super(options);
    const { depth = 50, dropout, stochastic_depth_prob = 0, se_resnet = false } = options;
    const { classifier_dropout = 0, output_stride, global_pool, variant = 'cvnets' } = options;
    const { block: Block, counts, squeeze } = variants[depth];
    const expansion = Block === BottleneckResnetBlock ? BottleneckResnetBlock.expansion : 1;
    const settings = layerSettings(options);
    const next = stageStrides(output_stride);
    const blocks = counts.reduce((a, b) => a + b, 0);
    let channels = 64;
    let position = 0;

    const stage = (index: number): Sequential => {
      const [width, count] = [widths[index - 2], counts[index - 2]];
      const { stride, firstDilation, dilation } = next(index, index === 2 ? 1 : 2);
      const parts: Record<string, BasicResnetBlock | BottleneckResnetBlock> = {};
      for (let i = 0; i < count; i++) {
        const window = i === 0 ? { stride, dilation: firstDilation } : { stride: 1, dilation };
        parts[`block_${i}`] = new Block(channels, width, {
          settings,
          ...window,
          dropout,
          drop_path: Math.round((1e4 * stochastic_depth_prob * position++) / (blocks - 1)) / 1e4,
          squeeze: se_resnet ? squeeze[index - 2] : undefined,
        });
        channels = width * expansion;
      }
      return new Sequential(parts);
    };

    const isOurs = variant === 'cvnets';
    this.conv_1 = new ConvLayer(3, channels, { settings, kernel: isOurs ? 3 : 7, stride: 2 });
    this.layer_1 = isOurs
      ? new ConvLayer(channels, channels, { settings, kernel: 3, stride: 2, groups: channels })
      : new MaxPool2d({ kernel: 3, stride: 2, padding: 1 });
    this.layer_2 = stage(2);
    this.layer_3 = stage(3);
    this.layer_4 = stage(4);
    this.layer_5 = stage(5);
    this.classifier = classifierHead(channels, this.n_classes, classifier_dropout, global_pool);
    const [a, b, c, d] = widths.map((width) => width * expansion);
    this.channels = [64, a, b, c, d, d] as const;
  }
}

export const resnet = (options?: ResNetOptions): ResNet => new ResNet(options);
