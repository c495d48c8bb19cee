import { ConvLayer } from '../../nn/conv-layer.js';
import { clamp, makeDivisible } from '../../nn/divisible.js';
import { InvertedResidual } from '../../nn/inverted-residual.js';
import { GlobalPool, Identity, Linear } from '../../nn/layers.js';
import { MobileViTBlockV2 } from '../../nn/mobilevit-block-v2.js';
import type { TransformerNormName } from '../../nn/norms.js';
import { Sequential } from '../../nn/sequential.js';
import { Encoder, type EncoderOptions, layerSettings } from './model.js';
import { stageStrides } from './stages.js';

export interface MobileViTV2Options extends EncoderOptions {
  /** Scales the channels of every layer [1]. */
  readonly width_multiplier?: number;
  /** Dropout of the attention weights [0]. */
  readonly attn_dropout?: number;
  /** Dropout between the two layers of the feed-forward networks [0]. */
  readonly ffn_dropout?: number;
  /** Dropout after attention and feed-forward networks [0]. */
  readonly dropout?: number;
  /** [layer_norm_2d] */
  readonly attn_norm_layer?: TransformerNormName;
}

/** Expansion of every inverted residual. */
const EXPAND = 2;

/** Channels, channels of the attention, attention blocks of layer_3 to layer_5 (arXiv:2206.02680). */
const attentionStages = [
  [256, 128, 2],
  [384, 192, 4],
  [512, 256, 3],
] as const;

/**
 * MobileViTv2 (arXiv:2206.02680). Images should divide by 64: other maps are resized to whole patches on the way. As in
 * CVNets, there is no dropout before the classifier.
 */
export class MobileViTV2 extends Encoder {
  readonly conv_1: ConvLayer;
  readonly layer_1: Sequential;
  readonly layer_2: Sequential;
  readonly layer_3: Sequential;
  readonly layer_4: Sequential;
  readonly layer_5: Sequential;
  readonly conv_1x1_exp = new Identity();
  readonly classifier: Sequential;
  readonly channels;

  constructor(options: MobileViTV2Options = {}) {
    super(options);
    const { width_multiplier: width = 1, attn_dropout = 0, ffn_dropout = 0, dropout = 0 } = options;
    const { attn_norm_layer: norm = 'layer_norm_2d', output_stride, global_pool } = options;
    const settings = layerSettings(options);
    const scaled = (channels: number, divisor = 8): number => makeDivisible(channels * width, divisor);
    const next = stageStrides(output_stride);
    const outputs = [scaled(64, 16), scaled(128)];
    let channels = makeDivisible(clamp(32 * width, 16, 64), 8, 16);

    const residual = (out: number, stride: number, dilation: number): InvertedResidual => {
      const block = new InvertedResidual(channels, out, { settings, expand: EXPAND, stride, dilation });
      channels = out;
      return block;
    };
    const attentionStage = (index: number): Sequential => {
      const [out, attention, count] = attentionStages[index - 3];
      const { stride, firstDilation, dilation } = next(index, 2);
      const block = residual(scaled(out), stride, firstDilation);
      const drops = { attn_dropout, ffn_dropout, dropout };
      outputs.push(channels);
      return new Sequential([
        block,
        new MobileViTBlockV2(channels, scaled(attention), { settings, norm, count, dilation, ...drops }),
      ]);
    };

    this.conv_1 = new ConvLayer(3, channels, { settings, kernel: 3, stride: 2 });
    this.layer_1 = new Sequential([residual(outputs[0], 1, 1)]);
    this.layer_2 = new Sequential([residual(outputs[1], 2, 1), residual(outputs[1], 1, 1)]);
    this.layer_3 = attentionStage(3);
    this.layer_4 = attentionStage(4);
    this.layer_5 = attentionStage(5);
    this.classifier = new Sequential([new GlobalPool(global_pool), new Linear(channels, this.n_classes)]);
    const [a, b, c, d, e] = outputs;
    this.channels = [a, b, c, d, e, e] as const;
  }
}

export const mobilevitV2 = (options?: MobileViTV2Options): MobileViTV2 => new MobileViTV2(options);
