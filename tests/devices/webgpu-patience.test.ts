import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Patience } from '../../src/devices/webgpu/patience.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A device that needs so long from the call of `wait` on; tells when it was asked. */
async function ask(patience: Patience, milliseconds: number): Promise<number> {
  const start = Date.now();
  let asked = 0;
  const done = patience.wait(async () => {
    asked = Date.now() - start;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds - asked)));
    return asked;
  });
  await vi.runAllTimersAsync();
  return done;
}

test('asks at once until it knows better, then shortly before the results are due', async () => {
  const patience = new Patience(Date.now);
  expect(await ask(patience, 100)).toBe(0);
  expect(await ask(patience, 100)).toBe(85);
  expect(await ask(patience, 100)).toBe(85);
});

test('a program that becomes faster is waited for less and less', async () => {
  const patience = new Patience(Date.now);
  await ask(patience, 100);
  const naps: number[] = [];
  for (let i = 0; i < 20; i++) naps.push(await ask(patience, 20));
  expect(naps.at(-1)).toBeLessThanOrEqual(20);
  expect(naps[5]).toBeLessThan(naps[0]);
});

test('short programs are asked at once', async () => {
  const patience = new Patience(Date.now);
  for (let i = 0; i < 3; i++) expect(await ask(patience, 5)).toBe(0);
});
