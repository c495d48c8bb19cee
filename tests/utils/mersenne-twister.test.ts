import { describe, expect, test } from 'vitest';
import { MersenneTwister } from '../../src/utils/mersenne-twister.js';

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

describe('the numbers of CPython', () => {
  test('shuffle', () => {
    const values = range(10);
    new MersenneTwister(0).shuffle(values);
    expect(values).toEqual([7, 8, 1, 5, 3, 4, 2, 0, 9, 6]);
  });

  test('random, getrandbits, uniform, choice from one stream', () => {
    const random = new MersenneTwister(12345);
    expect([random.random(), random.random(), random.random()]).toEqual([
      0.41661987254534116, 0.010169169457068361, 0.8252065092537432,
    ]);
    expect([1, 7, 32].map((bits) => random.getrandbits(bits))).toEqual([0, 109, 1582316135]);
    expect(random.uniform(-2, 5)).toBe(4.522492836085181);
    expect(random.choice(range(1000))).toBe(276);
  });

  test('seeds beyond 32 bits', () => {
    const random = new MersenneTwister(2 ** 40 + 7);
    expect([random.random(), random.random()]).toEqual([0.6137037779936511, 0.8149162973309487]);
  });

  test('choices after a shuffle', () => {
    const random = new MersenneTwister(0);
    const values = Uint32Array.from(range(1000));
    random.shuffle(values);
    expect([...values.subarray(0, 4), values[76]]).toEqual([439, 621, 160, 549, 503]);
    expect(range(9).map(() => random.choice(range(5)))).toEqual([3, 3, 3, 1, 1, 3, 1, 4, 0]);
  });
});

test('continues from a saved state', () => {
  const random = new MersenneTwister(3);
  for (let i = 0; i < 1000; i++) random.random();
  const { state } = random;
  const expected = range(700).map(() => random.random());
  const other = new MersenneTwister(9);
  other.state = state;
  expect(range(700).map(() => other.random())).toEqual(expected);
  expect(() => {
    other.state = new Uint32Array(3);
  }).toThrow(RangeError);
});

test('refuses seeds and limits it cannot honour', () => {
  expect(() => new MersenneTwister(0.5)).toThrow(RangeError);
  expect(() => new MersenneTwister(0).below(0)).toThrow(RangeError);
});
