import type { NativeOp } from '../importer.js';
import { elementwiseOps } from './elementwise.js';
import { layerOps } from './layers.js';
import { shapeOps } from './shapes.js';
import { spatialOps } from './spatial.js';

/** Operators that become operators of the engine, with gradients where it has them. */
export const nativeOps: Readonly<Record<string, NativeOp>> = {
  ...elementwiseOps,
  ...layerOps,
  ...shapeOps,
  ...spatialOps,
};
