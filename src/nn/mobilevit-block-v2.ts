import { resize2d } from '../ops/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { ConvLayer } from './conv-layer.js';
import { LinearAttnFFN, type LinearAttnFFNOptions } from './linear-attention.js';
import { type ForwardContext, Module } from './module.js';
import { transformerNorms } from './norms.js';
import { foldPatches, unfoldPatches } from './patches.js';
import { Sequential } from './sequential.js';

export interface MobileViTBlockV2Options extends LinearAttnFFNOptions {
  /** Attention blocks. */
  readonly count: number;
  readonly dilation: number;
}

const PATCH = 2;

/**
 * MobileViTv2's block (arXiv:2206.02680, section 3.3): local features, separable attention across patches, projection;
 * no skip. A map that does not divide into patches is resized first, and stays so.
 */
export class MobileViTBlockV2 extends Module {
  readonly local_rep: Sequential;
  readonly global_rep: Sequential;
  readonly conv_proj: ConvLayer;

  constructor(channels: number, attentionChannels: number, options: MobileViTBlockV2Options) {
    super();
    const { settings, norm, count, dilation } = options;
    const hidden = Math.floor((2 * attentionChannels) / 16) * 16;
    this.local_rep = new Sequential([
      new ConvLayer(channels, channels, { settings, kernel: 3, dilation, groups: channels }),
      new ConvLayer(channels, attentionChannels, { settings, kernel: 1, norm: false, act: false }),
    ]);
    this.global_rep = new Sequential([
      ...Array.from({ length: count }, () => new LinearAttnFFN(attentionChannels, hidden, options)),
      transformerNorms[norm](attentionChannels),
    ]);
    this.conv_proj = new ConvLayer(attentionChannels, channels, { settings, kernel: 1, act: false });
  }

  forward(x: Tensor, context: ForwardContext): Tensor {
    const [, , height, width] = x.shape;
    const whole = (length: number): number => Math.ceil(length / PATCH) * PATCH;
    const size = [whole(height), whole(width)] as const;
    const fits = size[0] === height && size[1] === width;
    const map = fits ? x : resize2d(x, { size, mode: 'bilinear', alignCorners: true });
    const grid = { size, patch: [PATCH, PATCH] as const };
    const patches = unfoldPatches(this.local_rep.call(map, context), grid);
    return this.conv_proj.call(foldPatches(this.global_rep.call(patches, context), grid), context);
  }
}
