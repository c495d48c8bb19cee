import { ConfigError } from '../../utils/errors.js';
import type { BenchCase } from './bench-case.js';
import { kernelCases } from './kernel-cases.js';
import { modelCases, scalingModelCases } from './model-cases.js';

/** Cases that sides are compared on, by suite. */
const compared: Readonly<Record<string, readonly BenchCase[]>> = {
  kernels: kernelCases,
  models: [...modelCases, ...scalingModelCases],
};

/** Throws ConfigError when there is none: the two processes of a comparison are then of different versions. */
export function findCase(suite: string, name: string): BenchCase {
  const found = compared[suite]?.find((one) => one.name === name);
  if (!found) throw new ConfigError(`the suite ${suite} has no case ${name}`, 'run both sides from one build');
  return found;
}
