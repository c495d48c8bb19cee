import type { BatchSource, ImageBatch } from '../../data/batch.js';
import { mean, square, sub } from '../../ops/index.js';
import { type Engine, trace } from '../../scheduler/engine.js';
import type { Program } from '../../scheduler/program.js';
import { reachableNodes } from '../../tensor/reachable.js';
import { input, scalar, type Tensor } from '../../tensor/tensor.js';
import { FormatError } from '../../utils/errors.js';
import { usedScalars } from '../programs.js';
import type { Task } from '../task.js';

const EPS = 1e-5;

/** What comes into a norm: mean and variance of each channel, one array a batch. */
interface Moments {
  readonly means: ArrayLike<number>[];
  readonly variances: ArrayLike<number>[];
}

/**
 * New values for the batch norms of a network whose statistics are not those of its data, as after folding norms into
 * filters: measured statistics, with weight and bias changed so that an evaluation gives what it gave before. Trained on
 * as they were, the first batch's statistics would undo what the filters learned.
 * @param engine is the caller's to close; the values on it do not change
 * @param batches how many to measure
 */
export async function restoreNorms(
  engine: Engine,
  task: Task,
  values: ReadonlyMap<string, Float32Array>,
  source: BatchSource,
  batches: number,
): Promise<ReadonlyMap<string, Float32Array>> {
  const result = new Map(values);
  for (const [path, moments] of await measure(engine, task, source, batches)) {
    const keys = ['weight', 'bias', 'running_mean', 'running_var'].map((name) => `${path}.${name}`);
    const olds = keys.map((key) => values.get(key));
    if (olds.some((old) => old === undefined)) continue; // a new layer has nothing to restore
    const [weight, bias, oldMean, oldVariance] = olds as Float32Array[];
    const news = [weight, bias, oldMean, oldVariance].map((old) => old.slice());
    for (let c = 0; c < weight.length; c++) {
      const average = averageOf(moments.means.map((means) => means[c]));
      // Within batches and between them.
      const spread = averageOf(moments.means.map((means) => (means[c] - average) ** 2));
      const variance = averageOf(moments.variances.map((variances) => variances[c])) + spread;
      const oldDeviation = Math.sqrt(oldVariance[c] + EPS);
      news[0][c] = (weight[c] * Math.sqrt(variance + EPS)) / oldDeviation;
      news[1][c] = bias[c] + (weight[c] * (average - oldMean[c])) / oldDeviation;
      news[2][c] = average;
      news[3][c] = variance;
    }
    keys.forEach((key, i) => {
      result.set(key, news[i]);
    });
  }
  return result;
}

async function measure(
  engine: Engine,
  task: Task,
  source: BatchSource,
  batches: number,
): Promise<Map<string, Moments>> {
  const moments = new Map<string, Moments>();
  let first: ImageBatch | undefined;
  let program: Program | undefined;
  let done = 0;
  for await (const batch of source.epoch(0)) {
    first ??= batch;
    const isAlike = batch.size === first.size && batch.height === first.height && batch.width === first.width;
    if (!isAlike) continue; // a program is for one shape
    program ??= await engine.compile('norms', traceMoments(task, batch));
    const outputs = await program.run({
      inputs: { image: batch.image },
      scalars: usedScalars(program, { counter: 0 }),
    });
    for (const [name, values] of Object.entries(outputs)) {
      const [path, kind] = name.split(' ');
      const known = moments.get(path) ?? { means: [], variances: [] };
      moments.set(path, known);
      known[kind === 'mean' ? 'means' : 'variances'].push(values);
    }
    if (++done === batches) break;
  }
  if (!program)
    throw new FormatError('there are no images to measure the batch norms with', 'check dataset.root_train');
  engine.release(program);
  return moments;
}

/** `PATH mean` and `PATH variance` of what comes into every batch norm, in evaluation. */
function traceMoments(task: Task, { size, channels, height, width }: ImageBatch) {
  const traced = trace(() => {
    const image = input('image', [size, channels, height, width], 'u8');
    const logits = task.logits(image, { training: false, counter: scalar('counter', 'u32') });
    const outputs: Record<string, Tensor> = {};
    for (const { op, scope, inputs } of reachableNodes([logits])) {
      if (op !== 'batchNormInference') continue;
      const [x] = inputs;
      const axes = x.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
      const average = mean(x, { axes, keepDims: true });
      outputs[`${scope} mean`] = mean(average, { axes });
      outputs[`${scope} variance`] = mean(square(sub(x, average)), { axes });
    }
    return outputs;
  });
  return { ...traced, writes: new Map() };
}

function averageOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
