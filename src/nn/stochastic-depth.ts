import { dropout, fill, mul } from '../ops/index.js';
import { currentScope, type Tensor } from '../tensor/tensor.js';
import { streamOf } from '../utils/random.js';
import { type ForwardContext, Module } from './module.js';

/**
 * Drops the whole branch of a sample with probability p, in training, and scales those that are left by 1 / (1 - p)
 * (arXiv:1603.09382). One random number a sample: Philox keyed by the seed and the layer's path, counted by the step.
 */
export class StochasticDepth extends Module {
  constructor(readonly p: number) {
    super();
  }

  forward(x: Tensor, { training, dropoutCounter, seed }: ForwardContext): Tensor {
    if (!training || this.p === 0) return x;
    const samples = fill([x.shape[0], ...x.shape.slice(1).map(() => 1)], 1);
    return mul(x, dropout(samples, dropoutCounter, { p: this.p, seed, stream: streamOf(currentScope()) }));
  }
}
