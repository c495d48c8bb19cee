import { describe, expect, test } from 'vitest';
import { cosine, cyclic, fixed, multiStep, polynomial, type Schedule, schedules } from '../../src/optim/schedules.js';

/** Golden values were printed by CVNets' own schedulers: [epoch, update, rate]. */
function expectRates(schedule: Schedule, golden: readonly (readonly [number, number, number])[]): void {
  expect(golden.map(([epoch, update]) => [epoch, update, schedule.lr(epoch, update)])).toEqual(golden);
}

test('cosine by updates', () => {
  const run = { is_iteration_based: true, max_iterations: 1000 };
  expectRates(cosine({ ...run, warmup_iterations: 100, warmup_init_lr: 1e-6, max_lr: 0.1, min_lr: 0.001 }), [
    [0, 0, 1e-6],
    [0, 50, 0.0500005],
    [0, 99, 0.09900001],
    [0, 100, 0.1],
    [0, 550, 0.0505863],
    [0, 1000, 0.0010003],
  ]);
});

test('cosine by epochs: the recipe of ResNet-50', () => {
  const rates = { max_lr: 0.4, min_lr: 2e-4 };
  expectRates(cosine({ max_epochs: 150, warmup_iterations: 7500, warmup_init_lr: 0.05, ...rates }), [
    [0, 0, 0.05],
    [0, 1, 0.05004667],
    [6, 7499, 0.39995333],
    [7, 7500, 0.39785554],
    [8, 9000, 0.39720061],
    [75, 90_000, 0.2001],
    [149, 180_000, 0.00024384],
  ]);
});

test('polynomial', () => {
  expectRates(polynomial({ max_epochs: 50 }), [
    [0, 0, 0.1],
    [1, 10, 0.09819819],
    [25, 250, 0.05358867],
    [49, 490, 0.00295752],
  ]);
});

test('cyclic', () => {
  expectRates(cyclic({ max_epochs: 60 }), [
    [0, 0, 0.1],
    [1, 1, 0.5],
    [2, 2, 0.4],
    [3, 3, 0.3],
    [4, 4, 0.2],
    [5, 5, 0.1],
    [49, 49, 0.2],
    [50, 50, 0.1],
    [51, 51, 0.0802],
    [52, 52, 0.0703],
    [59, 59, 0.001],
  ]);
  const shrunk = cyclic({ max_epochs: 60, steps: [10, 25], gamma: 0.5 });
  expect([9, 11, 26].map((epoch) => shrunk.lr(epoch, epoch))).toEqual([0.2, 0.25, 0.125]);
  const ends = cyclic({ max_epochs: 60, last_cycle_type: 'cosine' });
  const tail = [50, 51, 55, 59].map((epoch) => ends.lr(epoch, epoch));
  expect(tail).toEqual([...tail].sort((a, b) => b - a));
  expect(tail[3]).toBeLessThan(0.01);
});

test('multi_step', () => {
  const options = { gamma: 0.1, milestones: [60, 84], warmup_iterations: 500, warmup_init_lr: 0.001 };
  expectRates(multiStep(options), [
    [0, 0, 0.001],
    [0, 499, 0.099802],
    [0, 500, 0.1],
    [59, 60_000, 0.1],
    [60, 61_000, 0.01],
    [84, 90_000, 0.001],
  ]);
});

test('fixed', () => {
  const schedule = fixed({ lr: 0.3, warmup_iterations: 2, warmup_init_lr: 0.1 });
  expect([0, 1, 2, 99].map((update) => schedule.lr(0, update))).toEqual([0.1, 0.2, 0.3, 0.3]);
});

describe('a period without the epochs of the warm-up', () => {
  const options = { max_epochs: 10, warmup_iterations: 25, updates_per_epoch: 10, max_lr: 1, min_lr: 0 };

  test('starts at the peak in the epoch after it', () => {
    const schedule = cosine({ ...options, adjust_period_for_epochs: true });
    expect(schedule.lr(2, 25)).toBe(1); // the rest of the epoch in which it ended
    expect(schedule.lr(3, 30)).toBe(1);
    expect(schedule.lr(7, 70)).toBe(0.5); // 4 of 8 epochs
  });

  test('does not depend on what was asked before', () => {
    const schedule = cosine({ ...options, adjust_period_for_epochs: true });
    const late = schedule.lr(5, 50);
    schedule.lr(0, 0);
    expect(schedule.lr(5, 50)).toBe(late);
  });
});

test('what is missing is named', () => {
  expect(() => cosine({})).toThrow('the schedule got no max_epochs');
  expect(() => polynomial({ is_iteration_based: true })).toThrow('the schedule got no max_iterations');
  expect(Object.keys(schedules)).toEqual(['fixed', 'cosine', 'polynomial', 'multi_step', 'cyclic']);
});
