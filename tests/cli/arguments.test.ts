import { expect, test } from 'vitest';
import { splitArguments } from '../../src/cli/arguments.js';
import { formatBytes, formatCount, formatLarge, formatRate, formatSeconds } from '../../src/cli/format.js';

const where = 'command line';

test('recipe keys are taken out, the rest is left in order', () => {
  const args = ['train', 'a.yaml', '--optim.sgd.momentum', '0.95', '--json', '--common.run-label=x', '--ema.enable'];
  expect(splitArguments(args)).toEqual({
    rest: ['train', 'a.yaml', '--json'],
    overrides: [
      { key: 'optim.sgd.momentum', value: 0.95, where },
      { key: 'common.run_label', value: 'x', where },
      { key: 'ema.enable', value: true, where },
    ],
  });
});

test('values may be negative, lists, empty or end with another option', () => {
  const args = ['--loss.a', '-1', '--scheduler.multi_step.milestones', '[1, 2]', '--a.b=', '--ema.enable', '--json'];
  expect(splitArguments(args).overrides.map(({ value }) => value)).toEqual([-1, [1, 2], null, true]);
  expect(splitArguments(['--', '--a.b', '1']).rest).toEqual(['--', '--a.b', '1']);
});

test('numbers read well', () => {
  expect([0, 999, 1234, 20_500_000].map(formatBytes)).toEqual(['0 B', '999 B', '1.23 KB', '20.5 MB']);
  expect([7, 1234567].map(formatCount)).toEqual(['7', '1,234,567']);
  expect([0, 12, 300_774_272, 4.35e9].map(formatLarge)).toEqual(['0', '12', '301 M', '4.35 G']);
  expect([5, 65, 3725, Number.NaN].map(formatSeconds)).toEqual(['00:05', '01:05', '1:02:05', '--:--']);
  expect([0.1, 0.05, 1.2e-4, 0].map(formatRate)).toEqual(['0.1', '0.05', '1.2e-4', '0']);
});
