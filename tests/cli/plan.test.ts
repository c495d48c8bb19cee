import { expect, test } from 'vitest';
import { type PlanFlags, plan } from '../../src/cli/commands/plan.js';
import { nodePlatform } from '../../src/platform/node.js';

/** What `cvnets plan` writes for a small MobileNetV2. */
async function planned(flags: PlanFlags): Promise<string> {
  let out = '';
  const output = {
    isTerminal: false,
    write: (text: string) => {
      out += text;
    },
    writeError: () => {},
  };
  const overrides = [
    { key: 'model.classification.mobilenetv2.width_multiplier', value: 0.25, where: 'command line' },
    { key: 'model.classification.n_classes', value: 10, where: 'command line' },
  ];
  const context = { platform: nodePlatform, output, overrides, interruptible: () => new AbortController().signal };
  await plan(context, 'mobilenetv2', { batch: '8', size: '64', device: 'wasm', threads: '1', ...flags });
  return out;
}

test('a memory budget: the plan fits into it and says what that costs', async () => {
  const whole = JSON.parse(await planned({ json: true }));
  expect(whole.recomputed).toBeUndefined();
  const budget = Math.round(0.7 * whole.memory.total);
  const small = JSON.parse(await planned({ json: true, memoryBudget: `${budget}` }));
  expect(small.memory.total).toBeLessThanOrEqual(budget);
  expect(small.recomputed).toEqual({ peak: whole.memory.total, flops: whole.flops });
  expect(small.flops).toBeGreaterThan(whole.flops);
  expect(await planned({ memoryBudget: `${budget}B` })).toMatch(
    /\nrecompute: peak [\d.]+ MB → [\d.]+ MB, \+\d+\.\d % FLOPs\npeak memory/,
  );
});

test('a budget that is no number of bytes, and one that cannot be met', async () => {
  await expect(planned({ memoryBudget: 'much' })).rejects.toThrow(/memory\.budget/);
  await expect(planned({ memoryBudget: '1KB' })).rejects.toThrow(/needs at least \d+ bytes .* the budget is 1000/);
});

test('a profile has the time of every kernel call and what the machine would need at least', async () => {
  const { calls, profile } = JSON.parse(await planned({ json: true, profile: true }));
  const kernels = profile.rows.flatMap((row: { kernels: unknown[] }) => row.kernels);
  expect(kernels).toHaveLength(calls);
  expect(profile.flopsPerSecond).toBeGreaterThan(1e8);
  expect(profile.bytesPerSecond).toBeGreaterThan(1e8);
  for (const { kernels, milliseconds, roofline, bound } of profile.rows) {
    const sum = kernels.reduce((total: number, kernel: { milliseconds: number }) => total + kernel.milliseconds, 0);
    expect(milliseconds).toBeCloseTo(sum, 6);
    expect(roofline).toBeGreaterThan(0);
    expect(bound).toMatch(/^(arithmetic|memory)$/);
  }
  const text = await planned({ profile: true });
  expect(text).toMatch(/kernels one by one take [\d.]+ ms; the machine does [\d.]+ \wFLOP\/s/);
  expect(text).toContain('layer_1.mv2_block_0');
});
