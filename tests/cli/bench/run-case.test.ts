import { describe, expect, test } from 'vitest';
import { runCase } from '../../../src/cli/bench/run-case.js';
import type { BenchTask, Prepared, Round, Side } from '../../../src/cli/bench/side.js';

const task: BenchTask = {
  suite: 'models',
  name: 'a case',
  checks: 1,
  graph: { values: [], sources: [], nodes: [], outputs: [] },
};

interface FakeOptions {
  readonly results?: readonly (number | null)[];
  readonly milliseconds?: number;
  readonly times?: readonly number[];
  readonly failsAt?: number;
}

/** A side that writes down what it is asked. */
function fake(name: string, log: string[], options: FakeOptions = {}): Side {
  const { results = [1, 2], milliseconds = 1, times = [5], failsAt } = options;
  let runs = 0;
  return {
    name,
    adapter: 'paper',
    software: false,
    async prepare(): Promise<Prepared> {
      log.push(`${name} prepares`);
      if (failsAt === -1) throw new Error('no such operator');
      return { fingerprint: results as number[], milliseconds };
    },
    async time(): Promise<Round> {
      log.push(`${name} runs`);
      if (runs === failsAt) throw new Error('out of memory');
      return { milliseconds: times[runs++ % times.length] };
    },
    facts: async () => ({ counted: 7 }),
    async close() {},
  };
}

const options = { rounds: 3, minimum: 1, tolerance: 1e-3 };

describe('runCase', () => {
  test('compares results before any time, takes turns, and drops the first round', async () => {
    const log: string[] = [];
    const ours = fake('ours', log, { times: [100, 4, 6, 5] });
    const peer = fake('peer', log, { times: [100, 8, 8, 8] });
    const result = await runCase(task, ours, [peer], options);
    expect(log.slice(0, 4)).toEqual(['ours prepares', 'peer prepares', 'ours runs', 'peer runs']);
    expect(log.slice(2)).toEqual(Array.from({ length: 4 }, () => ['ours runs', 'peer runs']).flat());
    expect(result.ours.timing).toEqual({ best: 4, median: 5, spread: 2 / 5 });
    expect(result.peers[0].timing).toMatchObject({ median: 8, spread: 0 });
    expect(result.ours.facts).toEqual({ counted: 7 });
    expect(result.notes).toEqual([]);
  });

  test.each<[string, FakeOptions, string]>([
    [
      'another value',
      { results: [1, 2.01] },
      'not compared with peer, whose results differ by 5.0e-3: ours 1, 2, theirs 1, 2.01',
    ],
    ['another number of values', { results: [1] }, 'differ by Infinity'],
    ['NaN, which is null on the way', { results: [1, null] }, 'differ by Infinity'],
    ['a case it cannot run', { failsAt: -1 }, 'peer does not run it: no such operator'],
    ['an error in the middle', { failsAt: 2 }, 'peer stopped: out of memory'],
  ])('leaves out a peer with %s, says so, and goes on', async (_, changed, said) => {
    const log: string[] = [];
    const sides = [fake('peer', log, changed), fake('other', log)];
    const { ours, peers, notes } = await runCase(task, fake('ours', log), sides, options);
    expect(ours.timing.median).toBe(5);
    expect(peers.map(({ side }) => side.name)).toEqual(['other']);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain(said);
  });

  test('times a side that differs not once', async () => {
    const log: string[] = [];
    await runCase(task, fake('ours', log), [fake('peer', log, { results: [1, 3] })], options);
    expect(log).not.toContain('peer runs');
  });

  test('results within the tolerance are the same computation', async () => {
    const peer = fake('peer', [], { results: [1, 2.001] });
    expect((await runCase(task, fake('ours', []), [peer], options)).peers).toHaveLength(1);
  });

  test('a run of many seconds is timed once', async () => {
    const log: string[] = [];
    await runCase(task, fake('ours', log), [fake('slow', log, { milliseconds: 90_000 })], options);
    expect(log.filter((line) => line === 'slow runs')).toHaveLength(1);
    expect(log.filter((line) => line === 'ours runs')).toHaveLength(4);
  });

  test('our own failure is no note but the end', async () => {
    await expect(runCase(task, fake('ours', [], { failsAt: 1 }), [], options)).rejects.toThrow('out of memory');
  });
});
