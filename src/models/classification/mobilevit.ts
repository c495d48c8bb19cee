import { ConvLayer } from '../../nn/conv-layer.js';
import { InvertedResidual } from '../../nn/inverted-residual.js';
import { Dropout, GlobalPool, Linear } from '../../nn/layers.js';
import { MobileViTBlock } from '../../nn/mobilevit-block.js';
import type { TokenNormName } from '../../nn/norms.js';
import { Sequential } from '../../nn/sequential.js';
import { ConfigError } from '../../utils/errors.js';
import { Encoder, type EncoderOptions, layerSettings } from './model.js';
import { stageStrides } from './stages.js';

export interface MobileViTOptions extends EncoderOptions {
  /** [small] */
  readonly mode?: MobileViTMode;
  /** Dropout of the attention weights [0]. */
  readonly attn_dropout?: number;
  /** Dropout between the two layers of the feed-forward networks [0]. */
  readonly ffn_dropout?: number;
  /** Dropout after attention and feed-forward networks [0]. */
  readonly dropout?: number;
  /** [layer_norm] */
  readonly transformer_norm_layer?: TokenNormName;
  /** Leaves out the convolution over a block's input and output together [false]. */
  readonly no_fuse_local_global_features?: boolean;
  /** Size of the convolutions in the MobileViT blocks [3]. */
  readonly conv_kernel_size?: number;
  /** Channels of a head; excludes number_heads. */
  readonly head_dim?: number;
  /** Heads of the attention [4]. */
  readonly number_heads?: number;
}

/** Expansion, channels of layer_1 and layer_2, and for each later layer channels, transformer, feed-forward (Table 4). */
const variants = {
  xx_small: {
    expand: 2,
    plain: [16, 24],
    attention: [
      [48, 64, 128],
      [64, 80, 160],
      [80, 96, 192],
    ],
  },
  x_small: {
    expand: 4,
    plain: [32, 48],
    attention: [
      [64, 96, 192],
      [80, 120, 240],
      [96, 144, 288],
    ],
  },
  small: {
    expand: 4,
    plain: [32, 64],
    attention: [
      [96, 144, 288],
      [128, 192, 384],
      [160, 240, 480],
    ],
  },
} as const;

export type MobileViTMode = keyof typeof variants;

/** Transformer blocks of layer_3 to layer_5. */
const counts = [2, 4, 3] as const;

/**
 * MobileViT (arXiv:2110.02178). With an output stride, the inverted residuals dilate and the MobileViT blocks do not, as
 * in CVNets, whose weights for segmentation were trained so.
 */
export class MobileViT extends Encoder {
  readonly conv_1: ConvLayer;
  readonly layer_1: Sequential;
  readonly layer_2: Sequential;
  readonly layer_3: Sequential;
  readonly layer_4: Sequential;
  readonly layer_5: Sequential;
  readonly conv_1x1_exp: ConvLayer;
  readonly classifier: Sequential;
  readonly channels;

  constructor(options: MobileViTOptions = {}) {
    super(options);
    const { mode = 'small', classifier_dropout = 0, output_stride, global_pool } = options;
    const { expand, plain, attention } = variants[mode];
    const settings = layerSettings(options);
    const next = stageStrides(output_stride);
    let channels = 16;

    const residual = (out: number, stride: number, dilation: number): InvertedResidual => {
      const block = new InvertedResidual(channels, out, { settings, expand, stride, dilation });
      channels = out;
      return block;
    };
    const attentionStage = (index: number): Sequential => {
      const [out, width, hidden] = attention[index - 3];
      const { stride, firstDilation } = next(index, 2);
      return new Sequential([
        residual(out, stride, firstDilation),
        new MobileViTBlock(out, width, {
          settings,
          hidden,
          heads: headsOf(width, options),
          count: counts[index - 3],
          kernel: options.conv_kernel_size,
          fuse: !options.no_fuse_local_global_features,
          norm: options.transformer_norm_layer,
          attn_dropout: options.attn_dropout,
          ffn_dropout: options.ffn_dropout,
          dropout: options.dropout,
        }),
      ]);
    };

    this.conv_1 = new ConvLayer(3, channels, { settings, kernel: 3, stride: 2 });
    this.layer_1 = new Sequential([residual(plain[0], 1, 1)]);
    this.layer_2 = new Sequential([residual(plain[1], 2, 1), residual(plain[1], 1, 1), residual(plain[1], 1, 1)]);
    this.layer_3 = attentionStage(3);
    this.layer_4 = attentionStage(4);
    this.layer_5 = attentionStage(5);
    const features = Math.min(4 * channels, 960);
    this.conv_1x1_exp = new ConvLayer(channels, features, { settings, kernel: 1 });
    this.classifier = new Sequential({
      global_pool: new GlobalPool(global_pool),
      dropout: classifier_dropout > 0 && new Dropout(classifier_dropout),
      fc: new Linear(features, this.n_classes),
    });
    const [c, d, e] = attention.map(([out]) => out);
    this.channels = [...plain, c, d, e, features] as const;
  }
}

function headsOf(width: number, { head_dim, number_heads }: MobileViTOptions): number {
  if (head_dim === undefined) return number_heads ?? 4;
  if (number_heads !== undefined) {
    throw new ConfigError(`mobilevit got head_dim=${head_dim} and number_heads=${number_heads}`, 'set one of them');
  }
  if (width % head_dim) {
    throw new ConfigError(
      `mobilevit got head_dim=${head_dim}, which does not divide ${width} channels`,
      'set number_heads',
    );
  }
  return width / head_dim;
}

export const mobilevit = (options?: MobileViTOptions): MobileViT => new MobileViT(options);
