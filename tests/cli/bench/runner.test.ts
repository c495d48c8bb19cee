import { describe, expect, test } from 'vitest';
import { fillWith, hash } from '../../../src/cli/bench/fill.js';
import { difference, fingerprint, lossDifference } from '../../../src/cli/bench/fingerprint.js';
import { LibrarySide, type Runner, timeRuns } from '../../../src/cli/bench/runner.js';
import type { BenchTask } from '../../../src/cli/bench/side.js';
import { median, summarize } from '../../../src/cli/bench/statistics.js';

/** A clock that moves only when something runs. */
function fakeClock() {
  let time = 0;
  return { now: () => time, pass: (milliseconds: number) => (time += milliseconds) };
}

describe('values', () => {
  test('depend on index and seed alone, in the range of their kind', () => {
    const fill = { kind: 'uniform', seed: 3, low: -2, high: 2 } as const;
    const values = fillWith(fill, new Float32Array(4000));
    expect([...fillWith(fill, new Float32Array(4000))]).toEqual([...values]);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-2);
    expect(Math.max(...values)).toBeLessThan(2);
    expect(Math.abs(values.reduce((sum, value) => sum + value, 0) / 4000)).toBeLessThan(0.1);
    expect(hash(0, 1)).not.toBe(hash(0, 2));
    expect([...fillWith({ kind: 'cycle', length: 3 }, new Int32Array(5))]).toEqual([0, 1, 2, 0, 1]);
    expect(new Set(fillWith({ kind: 'bytes', seed: 1 }, new Uint8Array(5000))).size).toBeGreaterThan(250);
  });

  // bench/torch_side.py makes the same numbers with other arithmetic: these fix them for both.
  test('are these', () => {
    expect([0, 1, 12345].map((index) => hash(index, 7))).toEqual([2_438_488_908, 2_335_878_687, 1_920_450_880]);
  });
});

describe('fingerprints', () => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i));

  test('of equal tensors are equal; one wrong region, sign or scale is seen', () => {
    const mine = fingerprint(values);
    expect(difference(mine, fingerprint(values.slice()))).toBe(0);
    expect(difference(mine, fingerprint(values.map((value, i) => (i > 900 ? 0 : value))))).toBeGreaterThan(0.1);
    expect(difference(mine, fingerprint(values.map((value) => -value)))).toBeGreaterThan(1);
    expect(difference(mine, fingerprint(values.map((value) => value * 1.01)))).toBeGreaterThan(5e-3);
  });

  test('with anything but numbers agree with nothing', () => {
    expect(difference([Number.NaN], [1])).toBe(Number.POSITIVE_INFINITY);
    expect(difference([0], [null])).toBe(Number.POSITIVE_INFINITY);
    expect(difference([1, 2], [1])).toBe(Number.POSITIVE_INFINITY);
  });
});

test('losses are compared by where they start and by how far they move', () => {
  // ResNet-50, ours and PyTorch's: its two layouts differ as much from each other.
  expect(lossDifference([8.199, 7.0695], [8.199, 7.0869])).toBeLessThan(1e-3);
  expect(lossDifference([2.3, 2.29], [2.301, 2.291])).toBeLessThan(1e-3);
  // A missing update, one of the wrong sign, and other numbers from the start.
  expect(lossDifference([2.3, 2.29], [2.3, 2.3])).toBeGreaterThan(0.01);
  expect(lossDifference([2.3, 2.29], [2.3, 2.31])).toBeGreaterThan(0.02);
  expect(lossDifference([2.3, 2.29], [2.4, 2.39])).toBeGreaterThan(0.02);
  expect(lossDifference([2.3, 2.29], [2.3, null])).toBe(Number.POSITIVE_INFINITY);
  expect(lossDifference([2.3, 2.29], [2.3])).toBe(Number.POSITIVE_INFINITY);
});

test('median and spread', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(summarize([10, 8, 12])).toEqual({ best: 8, median: 10, spread: 0.4 });
});

test('timeRuns gives the time of a run, with one wait for a whole batch of them', async () => {
  const { now, pass } = fakeClock();
  let waits = 0;
  const finish = async () => {
    waits++;
    pass(8);
  };
  // Batches of 1, 2, 4, ... until 100 ms: 32 runs of 3 ms and a wait of 8.
  expect(await timeRuns({ run: async () => pass(3), finish }, 100, now)).toBe(3 + 8 / 32);
  expect(waits).toBe(6);
});

describe('LibrarySide', () => {
  const task: BenchTask = {
    suite: 'kernels',
    name: 'x',
    checks: 3,
    graph: { values: [], sources: [], nodes: [], outputs: [] },
  };

  function sideOf(changes: Partial<Runner> = {}) {
    const { now, pass } = fakeClock();
    const log: string[] = [];
    let loss = 3;
    const runner: Runner = {
      run: async () => pass(10),
      finish: async () => {},
      async check() {
        pass(20);
        return [loss--];
      },
      async close() {
        log.push('closed');
      },
      ...changes,
    };
    const library = { name: 'fake', adapter: 'paper', software: false, build: async () => runner };
    return { side: new LibrarySide(library, { now, facts: () => ({ resident: 5 }) }), log };
  }

  test('collects the results of each check and says how long the last one took', async () => {
    const { side } = sideOf();
    expect(await side.prepare(task)).toEqual({ fingerprint: [3, 2, 1], milliseconds: 20 });
    expect(await side.facts()).toEqual({ resident: 5 });
  });

  test('divides by the repeats of a run and adds the limits', async () => {
    const { side } = sideOf({ repeats: 5, limits: async () => ({ peak: 50, copy: 9 }) });
    await side.prepare(task);
    expect(await side.time(10)).toEqual({ milliseconds: 2, peak: 50, copy: 9 });
  });

  test('lets go of a case before the next one, and at the end', async () => {
    const { side, log } = sideOf();
    await expect(side.time(1)).rejects.toThrow('fake has no case');
    await side.prepare(task);
    await side.prepare(task);
    expect(log).toEqual(['closed']);
    await side.close();
    expect(log).toEqual(['closed', 'closed']);
  });
});
