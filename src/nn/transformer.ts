import { add } from '../ops/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { MultiHeadAttention } from './attention.js';
import { type LayerSettings, makeActivation } from './conv-layer.js';
import { Dropout, Linear } from './layers.js';
import { type ForwardContext, Module } from './module.js';
import { type NormLayerOptions, type TokenNormName, transformerNorms } from './norms.js';
import { Sequential } from './sequential.js';
import { StochasticDepth } from './stochastic-depth.js';

export interface TransformerEncoderOptions {
  readonly settings: LayerSettings;
  readonly heads: number;
  /** Channels between the two layers of the feed-forward network. */
  readonly hidden: number;
  /** [layer_norm] */
  readonly norm?: TokenNormName;
  readonly normOptions?: NormLayerOptions;
  readonly attn_dropout?: number;
  readonly ffn_dropout?: number;
  readonly dropout?: number;
  /** Probability that a branch of a sample is dropped. */
  readonly drop_path?: number;
}

/** Pre-norm transformer block on tokens [B,N,D]: attention, then a feed-forward network, each with a skip. */
export class TransformerEncoder extends Module {
  readonly pre_norm_mha: Sequential;
  readonly pre_norm_ffn: Sequential;
  /** One a branch: the two are dropped apart from each other. */
  readonly drop_path: readonly [StochasticDepth, StochasticDepth];

  constructor(channels: number, options: TransformerEncoderOptions) {
    super();
    const { settings, heads, hidden, norm = 'layer_norm', normOptions } = options;
    const { attn_dropout = 0, ffn_dropout = 0, dropout = 0, drop_path = 0 } = options;
    const makeNorm = () => transformerNorms[norm](channels, normOptions);
    this.pre_norm_mha = new Sequential([
      makeNorm(),
      new MultiHeadAttention(channels, { heads, attn_dropout }),
      new Dropout(dropout),
    ]);
    this.pre_norm_ffn = new Sequential([
      makeNorm(),
      new Linear(channels, hidden),
      makeActivation(settings.activation, hidden),
      new Dropout(ffn_dropout),
      new Linear(hidden, channels),
      new Dropout(dropout),
    ]);
    this.drop_path = [new StochasticDepth(drop_path), new StochasticDepth(drop_path)];
  }

  forward(x: Tensor, context: ForwardContext): Tensor {
    const [attentionPath, ffnPath] = this.drop_path;
    const attended = add(x, attentionPath.call(this.pre_norm_mha.call(x, context), context));
    return add(attended, ffnPath.call(this.pre_norm_ffn.call(attended, context), context));
  }
}
