import { ConfigError } from '../../utils/errors.js';
import type { IndexOptions } from './indices.js';
import { ScaleSampler, type ScheduledTable } from './scale-sampler.js';
import { checkScales, type ScaleOptions, type SideRange, scaledBatch, scaleTable } from './scales.js';

export interface ScaleGrowth {
  /** Epochs before which the range grows. */
  readonly epochs: readonly number[];
  /** The smallest and the largest size grow by these shares of themselves, cut to whole pixels. */
  readonly minFactor: number;
  readonly maxFactor: number;
}

export interface VariableBatchSamplerOptions extends IndexOptions, ScaleOptions {
  /** Images in a batch of the resolution that `batchSizeAt` names; smaller ones get more, larger ones fewer. */
  readonly batchSize: number;
  /** `base` is what CVNets' code does, `max` what its paper says. */
  readonly batchSizeAt?: 'base' | 'max';
  readonly growth?: ScaleGrowth;
}

/**
 * CVNets' `variable_batch_sampler` (MSc-VBS): every batch has a resolution drawn at random, and as many images as make
 * about the same number of pixels. Without `shuffle` it evaluates: base resolution and batch size only.
 */
export class VariableBatchSampler extends ScaleSampler {
  /** Throws ConfigError for an empty dataset, a size below 1 or a range that is upside down. */
  constructor(options: VariableBatchSamplerOptions) {
    const { batchSize } = options;
    checkScales('variable_batch_sampler', options);
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new ConfigError(`variable_batch_sampler: the batch size is ${batchSize}`, 'use a whole number from 1');
    }
    super(options, options.shuffle ? trainingTables(options) : [{ from: 0, table: [evaluationShape(options)] }]);
  }
}

function evaluationShape({ height, width, batchSize }: VariableBatchSamplerOptions) {
  return { height: height.base, width: width.base, batch: batchSize };
}

/** One table, and one more for each growth of the range. Batch sizes always refer to the range of epoch 0. */
function trainingTables(options: VariableBatchSamplerOptions): ScheduledTable[] {
  const { batchSize, batchSizeAt = 'base', growth } = options;
  const pixels = options.height[batchSizeAt] * options.width[batchSizeAt];
  let { height, width } = options;
  const tableOf = () => scaleTable({ ...options, height, width }, (h, w) => scaledBatch(pixels, batchSize, h, w));
  const tables = [{ from: 0, table: tableOf() }];
  if (!growth) return tables;
  const grown = ({ base, min, max }: SideRange): SideRange => ({
    base,
    min: min + Math.trunc(min * growth.minFactor),
    max: max + Math.trunc(max * growth.maxFactor),
  });
  for (const from of [...new Set(growth.epochs)].sort((a, b) => a - b)) {
    [height, width] = [grown(height), grown(width)];
    tables.push({ from, table: tableOf() });
  }
  return tables;
}
