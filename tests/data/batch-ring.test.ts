import { expect, test } from 'vitest';
import { BatchRing } from '../../src/data/batch-ring.js';

test('blocks are handed out again, the one that is free for the longest time first', () => {
  const ring = new BatchRing(12, false);
  const [a, b] = [ring.take(12), ring.take(5)];
  expect([a.length, b.length, a.buffer === b.buffer]).toEqual([12, 12, false]);
  ring.give(b);
  ring.give(a);
  expect([ring.take(1), ring.take(12)]).toEqual([b, a]);
  expect(ring.blocks).toBe(2);
});

test('a batch that is larger than was known makes larger blocks; the small ones are let go', () => {
  const ring = new BatchRing(8, true);
  const small = [ring.take(8), ring.take(8)];
  ring.give(small[0]);
  const large = ring.take(20);
  expect([large.length, large.buffer instanceof SharedArrayBuffer]).toEqual([20, true]);
  ring.give(small[1]);
  expect(ring.take(1)).toHaveLength(20);
});
