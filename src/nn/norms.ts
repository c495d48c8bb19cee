import { groupNorm, layerNorm } from '../ops/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { ones, zeros } from './init.js';
import { Module, Parameter } from './module.js';

export interface NormLayerOptions {
  /** [1e-5] */
  readonly eps?: number;
}

/**
 * Layer norm over the channels: the last axis of tokens [B,N,C], axis 1 of maps [N,C,H,W]. On maps eps is added to the
 * deviation instead of the variance, as CVNets does. It takes the first axis of that length for the channels, so that
 * tokens as many as channels are normalised along the wrong one; here the rank decides.
 */
export class LayerNorm extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(
    channels: number,
    private readonly options: NormLayerOptions = {},
  ) {
    super();
    this.weight = new Parameter([channels], ones);
    this.bias = new Parameter([channels], zeros);
  }

  forward(x: Tensor): Tensor {
    const epsilonOf = x.rank === 4 ? 'deviation' : 'variance';
    return layerNorm(x, this.weight.read(), this.bias.read(), { eps: this.options.eps, epsilonOf });
  }
}

/** Normalises each sample of [N,C,H,W] over the pixels and channels of a group. */
export class GroupNorm extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(
    readonly groups: number,
    channels: number,
    private readonly options: NormLayerOptions = {},
  ) {
    super();
    this.weight = new Parameter([channels], ones);
    this.bias = new Parameter([channels], zeros);
  }

  forward(x: Tensor): Tensor {
    return groupNorm(x, this.weight.read(), this.bias.read(), { groups: this.groups, eps: this.options.eps });
  }
}

/** CVNets' names of the norms in transformers; layer_norm_2d takes all channels of a map together. */
export const transformerNorms = {
  layer_norm: (channels: number, options?: NormLayerOptions) => new LayerNorm(channels, options),
  layer_norm_fp32: (channels: number, options?: NormLayerOptions) => new LayerNorm(channels, options),
  layer_norm_2d: (channels: number, options?: NormLayerOptions) => new GroupNorm(1, channels, options),
} as const satisfies Record<string, (channels: number, options?: NormLayerOptions) => Module>;

export type TransformerNormName = keyof typeof transformerNorms;

/** What tokens can be normalised with. */
export type TokenNormName = Exclude<TransformerNormName, 'layer_norm_2d'>;
