import { expect, test } from 'vitest';
import { add, conv2d, host, mean, mul } from '../../src/ops/index.js';
import { trace } from '../../src/scheduler/engine.js';
import { profile } from '../../src/scheduler/profile.js';
import { readState, State, writeState } from '../../src/tensor/state.js';
import { input } from '../../src/tensor/tensor.js';
import { devices } from '../support/devices.js';

test('every kernel call has a name and a time, host nodes have none, and the program still runs', async () => {
  for (const { engine } of await devices()) {
    const count = new State('count', [4], 'buffer', () => new Float32Array(4));
    const program = await engine.compile(
      'profiled',
      trace(() => {
        const y = conv2d(input('x', [2, 8, 9, 9]), input('w', [8, 8, 3, 3]), { padding: 1 });
        const [doubled] = host([mean(y)], {
          name: 'double',
          outputs: [{ shape: [], dtype: 'f32' }],
          run: ([value]) => [Float32Array.of(2 * value[0])],
        });
        writeState(count, add(readState(count), 1));
        return { y: mul(doubled, 1) };
      }),
    );
    const feeds = { inputs: { x: new Float32Array(1296).fill(1), w: new Float32Array(576).fill(0.1) } };
    const first = await program.run(feeds);
    const times = await profile(program, 3, () => performance.now());
    expect(times.map(({ step }) => step)).toEqual(program.plan.steps);
    for (const { step, kernels, milliseconds } of times) {
      expect(kernels).toHaveLength(step.node.op === 'host' ? 0 : step.lowering.calls.length);
      for (const kernel of kernels) {
        expect(kernel.name).toMatch(/^\w+$/);
        expect(kernel.milliseconds).toBeGreaterThanOrEqual(0);
        expect(kernel.milliseconds).toBeLessThan(10_000);
      }
      expect(milliseconds).toBeCloseTo(
        kernels.reduce((sum, kernel) => sum + kernel.milliseconds, 0),
        9,
      );
    }
    expect(await program.run(feeds)).toEqual(first);
    engine.release(program);
  }
});
