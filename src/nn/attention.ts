import { matmul, mul, reshape, softmax, split, transpose } from '../ops/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { ShapeError } from '../utils/errors.js';
import { Dropout, Linear } from './layers.js';
import { type ForwardContext, Module } from './module.js';

export interface AttentionOptions {
  /** [1] */
  readonly heads?: number;
  /** Dropout of the attention weights [0]. */
  readonly attn_dropout?: number;
}

/**
 * Self-attention of tokens [B,N,D] (arXiv:1706.03762): softmax(q kᵀ / √d) v for each head of d = D / heads channels.
 * Rows of the joint projection are ordered q, k, v, then by head, as in CVNets; one head is its SingleHeadAttention.
 */
export class MultiHeadAttention extends Module {
  readonly qkv_proj: Linear;
  readonly attn_dropout: Dropout;
  readonly out_proj: Linear;
  readonly heads: number;

  constructor(
    readonly channels: number,
    { heads = 1, attn_dropout = 0 }: AttentionOptions = {},
  ) {
    super();
    if (channels % heads) {
      throw new ShapeError(
        `attention got ${channels} channels and ${heads} heads`,
        'the channels must divide by the heads',
      );
    }
    this.heads = heads;
    this.qkv_proj = new Linear(channels, 3 * channels);
    this.attn_dropout = new Dropout(attn_dropout);
    this.out_proj = new Linear(channels, channels);
  }

  forward(x: Tensor, context: ForwardContext): Tensor {
    const { channels, heads } = this;
    const [query, key, value] = this.#byHead(this.qkv_proj.call(x, context), x.shape[1]);
    const scaled = mul(query, (channels / heads) ** -0.5);
    const scores = this.attn_dropout.call(softmax(matmul(scaled, key, { transposeB: true })), context);
    return this.out_proj.call(this.#joined(matmul(scores, value), x.shape[1]), context);
  }

  /** [B,N,3D] to three tensors [B·heads,N,d]. */
  #byHead(qkv: Tensor, tokens: number): readonly Tensor[] {
    const { channels, heads } = this;
    if (heads === 1) return split(qkv, [channels, channels, channels], 2);
    const perHead = transpose(reshape(qkv, [-1, tokens, 3, heads, channels / heads]), [0, 2, 3, 1, 4]);
    return split(perHead, [1, 1, 1], 1).map((part) => reshape(part, [-1, tokens, channels / heads]));
  }

  /** [B·heads,N,d] to [B,N,D]. */
  #joined(x: Tensor, tokens: number): Tensor {
    const { channels, heads } = this;
    if (heads === 1) return x;
    const perHead = reshape(x, [-1, heads, tokens, channels / heads]);
    return reshape(transpose(perHead, [0, 2, 1, 3]), [-1, tokens, channels]);
  }
}
