import { describe, expect, test } from 'vitest';
import { lintOnnx } from '../../src/formats/onnx/lint/lint.js';
import type { Engine } from '../../src/scheduler/engine.js';
import { everyNetwork, image, randomTask } from '../support/every-network.js';
import { exportTask, openEngine, verifyOnnx } from '../support/onnx.js';

console.log('| network | nodes | f32 error | f32 dB | f16 dB |\n| --- | --- | --- | --- | --- |');

describe('exported to ONNX and run', () => {
  test.each(everyNetwork)('%s', async (name, build) => {
    const engine: Engine = await openEngine();
    try {
      const task = await randomTask(engine, name, build);
      const full = await exportTask(engine, task, { image });
      expect(lintOnnx(full.file)).toEqual([]);
      const f32 = await verifyOnnx(engine, full);
      const half = await exportTask(engine, task, { image, fp16: true });
      expect(lintOnnx(half.file)).toEqual([]);
      const f16 = await verifyOnnx(engine, half, 'f16');
      const worst = (values: readonly { snr: number }[]) => Math.min(...values.map(({ snr }) => snr)).toFixed(1);
      const relative = Math.max(...f32.batches.map((batch) => batch.relative)).toExponential(1);
      console.log(
        `| ${name} | ${full.file.model.graph.nodes.length} | ${relative} | ${worst(f32.batches)} | ${worst(f16.batches)} |`,
      );
      expect(f32.reason).toBe(undefined);
      // Of classes that are as likely as each other, half precision may choose another one; its noise is what counts.
      expect(Math.min(...f16.batches.map(({ snr }) => snr))).toBeGreaterThanOrEqual(50);
    } finally {
      await engine.close();
    }
  });
});
