import { ConfigError } from '../../utils/errors.js';
import type { IndexOptions } from './indices.js';
import { ScaleSampler } from './scale-sampler.js';
import { checkScales, type ScaleOptions, scaleTable } from './scales.js';

export interface MultiScaleSamplerOptions extends IndexOptions, ScaleOptions {
  /** Images in every batch, whatever their resolution. */
  readonly batchSize: number;
}

/**
 * CVNets' `multi_scale_sampler` (MSc-FBS): every batch has a resolution drawn at random and the same number of images.
 * Without `shuffle` it evaluates: base resolution only.
 */
export class MultiScaleSampler extends ScaleSampler {
  /** Throws ConfigError for an empty dataset, a size below 1 or a range that is upside down. */
  constructor(options: MultiScaleSamplerOptions) {
    const { batchSize, shuffle, height, width } = options;
    checkScales('multi_scale_sampler', options);
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new ConfigError(`multi_scale_sampler: the batch size is ${batchSize}`, 'use a whole number from 1');
    }
    const base = [{ height: height.base, width: width.base, batch: batchSize }];
    super(options, [{ from: 0, table: shuffle ? scaleTable(options, () => batchSize) : base }]);
  }
}
