import { describe, expect, test } from 'vitest';
import { bindBatch } from '../../src/graph/passes/bind-batch.js';
import { rewriteTrace } from '../../src/graph/rewrite.js';
import { mobilenetv2 } from '../../src/models/classification/mobilenetv2.js';
import { initialize } from '../../src/nn/initialize.js';
import { conv2d, flatten, linear, mean, relu, reshape, slice, softmax, toFloat } from '../../src/ops/index.js';
import { trace } from '../../src/scheduler/engine.js';
import { BATCH } from '../../src/tensor/shape.js';
import { input, scalar } from '../../src/tensor/tensor.js';
import { devices } from '../support/devices.js';
import { Random } from '../support/random.js';

const random = new Random('bind batch');
const values = (n: number) => Float32Array.from({ length: n }, () => random.uniform());

describe.each(await devices())('$name', ({ engine, evaluate }) => {
  test('one trace with a symbolic batch is planned for any batch', async () => {
    const x = input('x', [BATCH, 3, 6, 6]);
    const w = input('w', [4, 3, 3, 3]);
    const fc = input('fc', [5, 4 * 36]);
    const y = softmax(linear(flatten(relu(conv2d(x, w, { padding: 1 }))), fc), -1);
    expect(y.shape).toEqual([BATCH, 5]);
    const weights = [values(4 * 27), values(5 * 144)];
    const pixels = values(3 * 108);
    const rows: number[][] = [];
    for (const batch of [3, 1]) {
      const bound = bindBatch([y, x], batch);
      expect(bound.get(y)!.shape).toEqual([batch, 5]);
      const feeds = new Map([
        [bound.get(x)!, pixels.slice(0, batch * 108)],
        [w, weights[0]],
        [fc, weights[1]],
      ]);
      const [probabilities] = await evaluate([bound.get(y)!], feeds);
      rows.push([...probabilities.slice(0, 5)]);
    }
    rows[0].forEach((p, i) => {
      expect(rows[1][i]).toBeCloseTo(p, 6);
    });
  });

  test('a network is traced once and evaluated at two batch sizes', async () => {
    const model = mobilenetv2({ n_classes: 7, width_multiplier: 0.25 });
    initialize(model, { seed: 5 });
    const context = { training: false, seed: 5, dropoutCounter: scalar('counter', 'u32') };
    const symbolic = trace(() => ({ logits: model.call(toFloat(input('x', [BATCH, 3, 32, 32], 'u8')), context) }));
    expect(symbolic.result.logits.shape).toEqual([BATCH, 7]);
    const image = new Uint8Array(2 * 3072).map((_, i) => (i * 7) % 256);
    const logits: number[][] = [];
    for (const batch of [1, 2]) {
      const program = await engine.compile(
        `batch ${batch}`,
        rewriteTrace(symbolic, (roots) => bindBatch(roots, batch)),
      );
      const result = await program.run({ inputs: { x: image.slice(0, batch * 3072) } });
      expect(result.logits).toHaveLength(7 * batch);
      logits.push([...result.logits.slice(0, 7)]);
      engine.release(program);
    }
    logits[0].forEach((value, i) => {
      expect(logits[1][i]).toBeCloseTo(value, 5);
    });
  });

  test('a mean over the batch, and a slice and a reshape of it, follow the batch', () => {
    const x = input('x', [BATCH, 6]);
    const outputs = [mean(x, { axes: 0 }), reshape(x, [-1, 2, 3]), slice(x, [0, 2], [BATCH, 3])];
    const bound = bindBatch(outputs, 4);
    expect(outputs.map((tensor) => bound.get(tensor)!.shape)).toEqual([[6], [4, 2, 3], [4, 3]]);
  });
});
