import { expect, test } from 'vitest';
import { Slots } from '../../src/utils/slots.js';

test('as many tasks run as there are slots, in the order in which they asked', async () => {
  const slots = new Slots(['a', 'b']);
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const running = [0, 1, 2, 3].map((task) =>
    slots.use(async (slot) => {
      started.push(task);
      await new Promise<void>((resolve) => ends.push(resolve));
      return slot;
    }),
  );
  await Promise.resolve();
  expect(started).toEqual([0, 1]);
  ends[1]();
  const freed = await running[1];
  await new Promise((resolve) => setTimeout(resolve));
  expect(started).toEqual([0, 1, 2]);
  ends[2]();
  expect(await running[2]).toBe(freed);
  await new Promise((resolve) => setTimeout(resolve));
  for (const end of ends) end();
  expect(new Set(await Promise.all(running))).toEqual(new Set(['a', 'b']));
});

test('a task that fails gives its slot back', async () => {
  const slots = new Slots([1]);
  await expect(slots.use(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await slots.use(async (slot) => slot)).toBe(1);
});
