import { ConvLayer } from '../../nn/conv-layer.js';
import { truncatedNormal } from '../../nn/init.js';
import { Dropout, Linear } from '../../nn/layers.js';
import { type ForwardContext, Parameter } from '../../nn/module.js';
import { type TokenNormName, transformerNorms } from '../../nn/norms.js';
import { PositionEmbedding } from '../../nn/position-embedding.js';
import { Sequential } from '../../nn/sequential.js';
import { TransformerEncoder } from '../../nn/transformer.js';
import { add, concat, mean, pad, reshape, slice, transpose } from '../../ops/index.js';
import type { Tensor } from '../../tensor/tensor.js';
import { ConfigError } from '../../utils/errors.js';
import { ClassificationModel, type ClassificationOptions, layerSettings } from './model.js';

export interface ViTOptions extends ClassificationOptions {
  /** [base] */
  readonly mode?: ViTMode;
  /** Dropout after attention and feed-forward networks [0]. */
  readonly dropout?: number;
  /** Probability that the last block drops its branches; it grows linearly from 0. Excludes dropout [0]. */
  readonly stochastic_dropout?: number;
  /** [layer_norm] */
  readonly norm_layer?: TokenNormName;
  /** Sines and cosines for positions instead of a trained table [false]. */
  readonly sinusoidal_pos_emb?: boolean;
  /** Classifies the mean of the tokens instead of a token of its own [false]. */
  readonly no_cls_token?: boolean;
}

/** Channels, blocks, heads, dropout of the tokens. */
const variants = {
  tiny: { width: 192, depth: 12, heads: 3, tokenDropout: 0.1 },
  small: { width: 384, depth: 12, heads: 6, tokenDropout: 0 },
  base: { width: 768, depth: 12, heads: 12, tokenDropout: 0 },
  large: { width: 1024, depth: 24, heads: 16, tokenDropout: 0 },
  huge: { width: 1280, depth: 32, heads: 20, tokenDropout: 0 },
} as const;

export type ViTMode = keyof typeof variants;

/** Tokens of a 224x224 image, and rows of the table of positions. */
const POSITIONS = 196;
const NORM_EPS = 1e-6;

/**
 * Vision transformer (arXiv:2010.11929) with CVNets' stem of three convolutions: one token for 16x16 pixels. As in CVNets,
 * there is no dropout before the classifier.
 */
export class ViT extends ClassificationModel {
  readonly cls_token?: Parameter;
  readonly patch_emb: Sequential;
  readonly pos_embed: PositionEmbedding;
  readonly emb_dropout: Dropout;
  readonly transformer: Sequential;
  readonly post_transformer_norm;
  readonly classifier: Linear;

  constructor(options: ViTOptions = {}) {
    super(options);
    const { mode = 'base', dropout = 0, stochastic_dropout = 0, norm_layer: norm = 'layer_norm' } = options;
    if (dropout > 0 && stochastic_dropout > 0) {
      throw new ConfigError(
        `vit got dropout=${dropout} and stochastic_dropout=${stochastic_dropout}`,
        'set one of them',
      );
    }
    const { width, depth, heads, tokenDropout } = variants[mode];
    const settings = layerSettings(options);
    const stem = Math.max(32, width / 4);
    const cut = (size: number, padding: number) => ({ settings, kernel: size, stride: size, padding });
    if (!options.no_cls_token) this.cls_token = new Parameter([1, 1, width], truncatedNormal(0.02));
    this.patch_emb = new Sequential([
      new ConvLayer(3, stem, cut(4, 1)),
      new ConvLayer(stem, stem, cut(2, 0)),
      new ConvLayer(stem, width, { ...cut(2, 0), bias: true, norm: false, act: false }),
    ]);
    this.pos_embed = new PositionEmbedding(POSITIONS, width, { sinusoidal: options.sinusoidal_pos_emb });
    this.emb_dropout = new Dropout(tokenDropout);
    const block = (_: unknown, i: number) =>
      new TransformerEncoder(width, {
        settings,
        heads,
        hidden: 4 * width,
        norm,
        normOptions: { eps: NORM_EPS },
        dropout,
        drop_path: Math.round((1000 * stochastic_dropout * i) / (depth - 1)) / 1000,
      });
    this.transformer = new Sequential(Array.from({ length: depth }, block));
    this.post_transformer_norm = transformerNorms[norm](width, { eps: NORM_EPS });
    this.classifier = new Linear(width, this.n_classes);
  }

  /** [B,N,D], the class token first where there is one. */
  tokens(x: Tensor, context: ForwardContext): Tensor {
    const map = this.patch_emb.call(x, context);
    const [, channels, height, width] = map.shape;
    const patches = transpose(reshape(map, [-1, channels, height * width]), [0, 2, 1]);
    const embedded = this.emb_dropout.call(this.#placed(patches, context), context);
    return this.post_transformer_norm.call(this.transformer.call(embedded, context), context);
  }

  forward(x: Tensor, context: ForwardContext): Tensor {
    const tokens = this.tokens(x, context);
    const [batch, , channels] = tokens.shape;
    if (!this.cls_token) return this.classifier.call(mean(tokens, { axes: [1] }), context);
    const first = slice(tokens, [0, 0, 0], [batch, 1, channels]);
    return this.classifier.call(reshape(first, [-1, channels]), context);
  }

  /** Adds positions; the class token, which has none, takes the place of a first patch of zeros. */
  #placed(patches: Tensor, context: ForwardContext): Tensor {
    const positions = this.pos_embed.call(patches, context);
    if (!this.cls_token) return add(patches, positions);
    return add(pad(patches, [0, 1, 0], [0, 0, 0]), concat([this.cls_token.read(), positions], 1));
  }
}

export const vit = (options?: ViTOptions): ViT => new ViT(options);
