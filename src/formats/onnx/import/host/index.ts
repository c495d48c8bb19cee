import type { HostOp } from '../importer.js';
import { elementwiseHostOps } from './elementwise.js';
import { gatherHostOps } from './gather.js';
import { poolHostOps } from './pool.js';
import { reduceHostOps } from './reduce.js';
import { resizeHostOps } from './resize.js';
import { sampleHostOps } from './sample.js';
import { shapeHostOps } from './shapes.js';
import { trainingHostOps } from './training.js';

/**
 * Operators that are computed on the host: for constants while the network is built, and where no kernel exists.
 * They have no gradient, so a network can be fine-tuned as long as none lies between its parameters and its loss.
 */
export const hostOps: Readonly<Record<string, HostOp>> = {
  ...elementwiseHostOps,
  ...gatherHostOps,
  ...poolHostOps,
  ...reduceHostOps,
  ...resizeHostOps,
  ...sampleHostOps,
  ...shapeHostOps,
  ...trainingHostOps,
};
