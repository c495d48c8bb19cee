import { ConvLayer, SeparableConv } from '../../nn/conv-layer.js';
import { clamp, makeDivisible } from '../../nn/divisible.js';
import { Identity } from '../../nn/layers.js';
import { Sequential } from '../../nn/sequential.js';
import { classifierHead, Encoder, type EncoderOptions, layerSettings } from './model.js';
import { stageStrides } from './stages.js';

export interface MobileNetV1Options extends EncoderOptions {
  /** Scales the channels of every layer [1]. */
  readonly width_multiplier?: number;
}

/** Output channels, stride of the first block, number of blocks (arXiv:1704.04861, Table 1). */
const stages = [
  [64, 1, 1],
  [128, 2, 2],
  [256, 2, 2],
  [512, 2, 6],
  [1024, 2, 2],
] as const;

/** MobileNetV1 (arXiv:1704.04861) as CVNets has it: no activation between depthwise and 1x1 convolution. */
export class MobileNetV1 extends Encoder {
  readonly conv_1: ConvLayer;
  readonly layer_1: Sequential;
  readonly layer_2: Sequential;
  readonly layer_3: Sequential;
  readonly layer_4: Sequential;
  readonly layer_5: Sequential;
  readonly conv_1x1_exp = new Identity();
  readonly classifier: Sequential;
  readonly channels;

  constructor(options: MobileNetV1Options = {}) {
    super(options);
    const { width_multiplier: width = 1, output_stride, global_pool } = options;
    const { classifier_dropout = clamp(Math.round(100 * width) / 1000, 0, 0.1) } = options;
    const settings = layerSettings(options);
    const scaled = (channels: number): number => makeDivisible(Math.ceil(channels * width), 16);
    const next = stageStrides(output_stride);
    let channels = scaled(32);

    const stage = (index: number): Sequential => {
      const [out, firstStride, count] = stages[index - 1];
      const { stride, firstDilation, dilation } = next(index, firstStride);
      const blocks = Array.from({ length: count }, (_, i) => {
        const first = i === 0 && firstStride > 1;
        const window = { kernel: 3, stride: first ? stride : 1, dilation: first ? firstDilation : dilation };
        const block = new SeparableConv(channels, scaled(out), { settings, ...window });
        channels = scaled(out);
        return block;
      });
      return new Sequential(blocks);
    };

    this.conv_1 = new ConvLayer(3, channels, { settings, kernel: 3, stride: 2 });
    this.layer_1 = stage(1);
    this.layer_2 = stage(2);
    this.layer_3 = stage(3);
    this.layer_4 = stage(4);
    this.layer_5 = stage(5);
    this.classifier = classifierHead(channels, this.n_classes, classifier_dropout, global_pool);
    this.channels = [scaled(64), scaled(128), scaled(256), scaled(512), scaled(1024), scaled(1024)] as const;
  }
}

export const mobilenetv1 = (options?: MobileNetV1Options): MobileNetV1 => new MobileNetV1(options);
