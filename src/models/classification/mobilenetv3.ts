import { ConvLayer, type LayerSettings } from '../../nn/conv-layer.js';
import { clamp, makeDivisible } from '../../nn/divisible.js';
import { InvertedResidualSE } from '../../nn/inverted-residual-se.js';
import { Activation, Dropout, GlobalPool, Linear } from '../../nn/layers.js';
import { Sequential } from '../../nn/sequential.js';
import { Encoder, type EncoderOptions, layerSettings } from './model.js';
import { stageStrides } from './stages.js';

export interface MobileNetV3Options extends EncoderOptions {
  /** [large] */
  readonly mode?: MobileNetV3Mode;
  /** Scales the channels of every layer but the hidden one of the classifier [1]. */
  readonly width_multiplier?: number;
}

type Row = readonly [expand: number, out: number, squeeze: boolean, activation: 'relu' | 'hard_swish', stride: number];

const repeat = (count: number, row: Row): Row[] => Array.from({ length: count }, () => row);

/**
 * Rows of Tables 1 and 2 of arXiv:1905.02244 as CVNets builds them, by stage. It reads the column of kernels and does
 * not use it: all depthwise convolutions are 3x3, as in its published weights.
 */
const variants = {
  large: {
    stages: [
      [[1, 16, false, 'relu', 1]],
      [
        [4, 24, false, 'relu', 2],
        [3, 24, false, 'relu', 1],
      ],
      [[3, 40, true, 'relu', 2], ...repeat(2, [3, 40, true, 'relu', 1])],
      [
        [6, 80, false, 'hard_swish', 2],
        [2.5, 80, false, 'hard_swish', 1],
        ...repeat(2, [2.3, 80, false, 'hard_swish', 1]),
        ...repeat(2, [6, 112, true, 'hard_swish', 1]),
      ],
      [[6, 160, true, 'hard_swish', 2], ...repeat(2, [6, 160, true, 'hard_swish', 1])],
    ],
    last: 1280,
  },
  small: {
    stages: [
      [[1, 16, true, 'relu', 2]],
      [[4.5, 24, false, 'relu', 2]],
      [[3.67, 24, false, 'relu', 1]],
      [
        [4, 40, true, 'hard_swish', 2],
        ...repeat(2, [6, 40, true, 'hard_swish', 1]),
        ...repeat(2, [3, 48, true, 'hard_swish', 1]),
      ],
      [[6, 96, true, 'hard_swish', 2], ...repeat(2, [6, 96, true, 'hard_swish', 1])],
    ],
    last: 1024,
  },
} as const satisfies Record<string, { readonly stages: readonly (readonly Row[])[]; readonly last: number }>;

export type MobileNetV3Mode = keyof typeof variants;

/** MobileNetV3 (arXiv:1905.02244). The first stage of `small` has 1/4 of the resolution. */
export class MobileNetV3 extends Encoder {
  readonly conv_1: Sequential;
  readonly layer_1: Sequential;
  readonly layer_2: Sequential;
  readonly layer_3: Sequential;
  readonly layer_4: Sequential;
  readonly layer_5: Sequential;
  readonly conv_1x1_exp: Sequential;
  readonly classifier: Sequential;
  readonly channels;

  constructor(options: MobileNetV3Options = {}) {
    super(options);
    const { mode = 'large', width_multiplier: width = 1, output_stride, global_pool } = options;
    const { classifier_dropout = clamp(Math.round(200 * width) / 1000, 0, 0.2) } = options;
    const { stages, last } = variants[mode];
    const settings = layerSettings(options);
    const hardSwish: LayerSettings = { ...settings, activation: { name: 'hard_swish' } };
    const scaled = (channels: number): number => makeDivisible(channels * width, 8);
    const next = stageStrides(output_stride);
    const outputs: number[] = [];
    let channels = scaled(16);

    const stage = (index: number): Sequential => {
      const rows: readonly Row[] = stages[index - 1];
      const { stride, firstDilation, dilation } = next(index, rows[0][4]);
      const blocks: Record<string, InvertedResidualSE> = {};
      rows.forEach(([expand, out, squeeze, activation, rowStride], i) => {
        const window = i === 0 ? { stride, dilation: firstDilation } : { stride: 1, dilation };
        // The stride before it was replaced by a dilation: names do not depend on the output stride.
        blocks[`mv3_s_${rowStride}_idx_${i}`] = new InvertedResidualSE(channels, scaled(out), {
          settings,
          expand,
          activation,
          squeeze: squeeze ? { factor: 4, scale: 'hard_sigmoid' } : undefined,
          ...window,
        });
        channels = scaled(out);
      });
      outputs.push(channels);
      return new Sequential(blocks);
    };

    const stem = new ConvLayer(3, channels, { settings: hardSwish, kernel: 3, stride: 2 });
    this.conv_1 = new Sequential({ conv_3x3_bn: stem });
    this.layer_1 = stage(1);
    this.layer_2 = stage(2);
    this.layer_3 = stage(3);
    this.layer_4 = stage(4);
    this.layer_5 = stage(5);
    const features = 6 * channels;
    this.conv_1x1_exp = new Sequential({
      conv_1x1: new ConvLayer(channels, features, { settings: hardSwish, kernel: 1 }),
    });
    this.classifier = new Sequential({
      global_pool: new GlobalPool(global_pool),
      fc1: new Linear(features, last),
      act: new Activation({ name: 'hard_swish' }),
      classifier_dropout: classifier_dropout > 0 && new Dropout(classifier_dropout),
      classifier_fc: new Linear(last, this.n_classes),
    });
    const [a, b, c, d, e] = outputs;
    this.channels = [a, b, c, d, e, features] as const;
  }
}

export const mobilenetv3 = (options?: MobileNetV3Options): MobileNetV3 => new MobileNetV3(options);
