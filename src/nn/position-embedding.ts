import { reshape, resize2d } from '../ops/index.js';
import type { Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { truncatedNormal } from './init.js';
import { type ForwardContext, Module, Parameter } from './module.js';

export interface PositionEmbeddingOptions {
  /** Sines and cosines instead of trained numbers [false]. */
  readonly sinusoidal?: boolean;
}

/** Row p: sin(p ω), then cos(p ω), with ω from 1 down to 1 / 10000; a last odd channel is 0. */
function sinusoids(shape: Shape): Float32Array {
  const [positions, channels] = shape.slice(-2);
  const half = Math.floor(channels / 2);
  const table = new Float32Array(positions * channels);
  for (let p = 0; p < positions; p++) {
    for (let i = 0; i < half; i++) {
      const angle = p * 10000 ** (-i / (half - 1));
      table[p * channels + i] = Math.sin(angle);
      table[p * channels + half + i] = Math.cos(angle);
    }
  }
  return table;
}

/** A table of positions × channels. */
class PositionTable extends Module {
  readonly pos_embed: Parameter;

  constructor(
    readonly positions: number,
    readonly channels: number,
    { sinusoidal = false }: PositionEmbeddingOptions,
  ) {
    super();
    const shape = [1, 1, positions, channels];
    this.pos_embed = sinusoidal
      ? new Parameter(shape, sinusoids, { role: 'buffer' })
      : new Parameter(shape, truncatedNormal(channels ** -0.5));
  }

  forward(x: Tensor): Tensor {
    const [, tokens, channels] = x.shape;
    const table = this.pos_embed.read();
    const fitted = tokens === this.positions ? table : resize2d(table, { size: [tokens, channels], mode: 'bilinear' });
    return reshape(fitted, [1, tokens, channels]);
  }
}

/**
 * Positions [1,N,D] for tokens [B,N,D]. Another number of tokens than the table has rows is interpolated along the
 * rows as if they lay on a line, as CVNets does: this is what lets ViT train at several resolutions.
 */
export class PositionEmbedding extends Module {
  readonly pos_embed: PositionTable;

  constructor(positions: number, channels: number, options: PositionEmbeddingOptions = {}) {
    super();
    this.pos_embed = new PositionTable(positions, channels, options);
  }

  forward(x: Tensor, context: ForwardContext): Tensor {
    return this.pos_embed.call(x, context);
  }
}
