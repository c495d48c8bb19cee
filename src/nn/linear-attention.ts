import { add, mul, relu, softmax, split, sum } from '../ops/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { ConvLayer, type LayerSettings } from './conv-layer.js';
import { Dropout } from './layers.js';
import { type ForwardContext, Module } from './module.js';
import { type TransformerNormName, transformerNorms } from './norms.js';
import { Sequential } from './sequential.js';

const linearMap = (settings: LayerSettings, inChannels: number, outChannels: number, act = false): ConvLayer =>
  new ConvLayer(inChannels, outChannels, { settings, kernel: 1, bias: true, norm: false, act });

/**
 * Separable self-attention (arXiv:2206.02680, section 3.2) of [B,d,P,N]: a softmax over the N patches weighs the keys
 * into one context vector, by which every value is scaled. Its cost is linear in N.
 */
export class LinearSelfAttention extends Module {
  readonly qkv_proj: ConvLayer;
  readonly attn_dropout: Dropout;
  readonly out_proj: ConvLayer;

  constructor(
    settings: LayerSettings,
    readonly channels: number,
    attnDropout: number,
  ) {
    super();
    this.qkv_proj = linearMap(settings, channels, 1 + 2 * channels);
    this.attn_dropout = new Dropout(attnDropout);
    this.out_proj = linearMap(settings, channels, channels);
  }

  forward(x: Tensor, context: ForwardContext): Tensor {
    const { channels } = this;
    const [query, key, value] = split(this.qkv_proj.call(x, context), [1, channels, channels], 1);
    const scores = this.attn_dropout.call(softmax(query), context);
    const summary = sum(mul(key, scores), { axes: [3], keepDims: true });
    return this.out_proj.call(mul(relu(value), summary), context);
  }
}

export interface LinearAttnFFNOptions {
  readonly settings: LayerSettings;
  readonly norm: TransformerNormName;
  readonly attn_dropout: number;
  readonly ffn_dropout: number;
  readonly dropout: number;
}

/** Pre-norm transformer block on [B,d,P,N] with separable self-attention. */
export class LinearAttnFFN extends Module {
  readonly pre_norm_attn: Sequential;
  readonly pre_norm_ffn: Sequential;

  constructor(channels: number, hidden: number, options: LinearAttnFFNOptions) {
    super();
    const { settings, norm, attn_dropout, ffn_dropout, dropout } = options;
    this.pre_norm_attn = new Sequential([
      transformerNorms[norm](channels),
      new LinearSelfAttention(settings, channels, attn_dropout),
      new Dropout(dropout),
    ]);
    this.pre_norm_ffn = new Sequential([
      transformerNorms[norm](channels),
      linearMap(settings, channels, hidden, true),
      new Dropout(ffn_dropout),
      linearMap(settings, hidden, channels),
      new Dropout(dropout),
    ]);
  }

  forward(x: Tensor, context: ForwardContext): Tensor {
    const attended = add(x, this.pre_norm_attn.call(x, context));
    return add(attended, this.pre_norm_ffn.call(attended, context));
  }
}
