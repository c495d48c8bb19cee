import { concat, resize2d } from '../ops/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { ConvLayer } from './conv-layer.js';
import { type ForwardContext, Module } from './module.js';
import { transformerNorms } from './norms.js';
import { foldTokens, unfoldTokens } from './patches.js';
import { Sequential } from './sequential.js';
import { TransformerEncoder, type TransformerEncoderOptions } from './transformer.js';

export interface MobileViTBlockOptions extends TransformerEncoderOptions {
  /** Transformer blocks. */
  readonly count: number;
  /** Size of the convolutions before the transformers and in the fusion [3]. */
  readonly kernel?: number;
  /** Joins the result with the block's input [true]. */
  readonly fuse?: boolean;
}

const PATCH = 2;

/**
 * MobileViT's block (arXiv:2110.02178, Figure 1b): a transformer across patches, for each position in a patch apart,
 * between convolutions. A map that does not divide into patches is resized for the transformer and back.
 */
export class MobileViTBlock extends Module {
  readonly local_rep: Sequential;
  readonly global_rep: Sequential;
  readonly conv_proj: ConvLayer;
  readonly fusion?: ConvLayer;

  constructor(channels: number, transformerChannels: number, options: MobileViTBlockOptions) {
    super();
    const { settings, count, kernel = 3, fuse = true, norm = 'layer_norm' } = options;
    this.local_rep = new Sequential({
      conv_3x3: new ConvLayer(channels, channels, { settings, kernel }),
      conv_1x1: new ConvLayer(channels, transformerChannels, { settings, kernel: 1, norm: false, act: false }),
    });
    this.global_rep = new Sequential([
      ...Array.from({ length: count }, () => new TransformerEncoder(transformerChannels, options)),
      transformerNorms[norm](transformerChannels),
    ]);
    this.conv_proj = new ConvLayer(transformerChannels, channels, { settings, kernel: 1 });
    if (fuse) this.fusion = new ConvLayer(2 * channels, channels, { settings, kernel });
  }

  forward(x: Tensor, context: ForwardContext): Tensor {
    const map = this.conv_proj.call(this.#acrossPatches(this.local_rep.call(x, context), context), context);
    return this.fusion ? this.fusion.call(concat([x, map], 1), context) : map;
  }

  #acrossPatches(map: Tensor, context: ForwardContext): Tensor {
    const [, , height, width] = map.shape;
    const whole = (length: number): number => Math.ceil(length / PATCH) * PATCH;
    const grid = { size: [whole(height), whole(width)], patch: [PATCH, PATCH] } as const;
    const fits = grid.size[0] === height && grid.size[1] === width;
    const cut = fits ? map : resize2d(map, { size: grid.size, mode: 'bilinear' });
    const result = foldTokens(this.global_rep.call(unfoldTokens(cut, grid), context), grid);
    return fits ? result : resize2d(result, { size: [height, width], mode: 'bilinear' });
  }
}
