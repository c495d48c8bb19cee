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
  const naps: number[] = [];
  for (let i = 0; i < 6; i++) naps.push(await ask(patience, 100));
  expect(naps).toEqual([0, 0, 0, 0, 85, 85]);
});

test('a slow first run, or one in between, makes nobody wait', async () => {
  const patience = new Patience(Date.now);
  const naps: number[] = [];
  for (const time of [5000, 100, 100, 100, 100, 9000, 100, 100]) naps.push(await ask(patience, time));
  expect(Math.max(...naps)).toBe(85);
});

test('a program that becomes faster is waited for less and less', async () => {
  const patience = new Patience(Date.now);
  for (let i = 0; i < 4; i++) await ask(patience, 100);
  const naps: number[] = [];
  for (let i = 0; i < 60; i++) naps.push(await ask(patience, 20));
  expect(naps[0]).toBe(85);
  expect(naps.at(-1)).toBeLessThanOrEqual(20);
});

test('short programs are asked at once', async () => {
  const patience = new Patience(Date.now);
  for (let i = 0; i < 6; i++) expect(await ask(patience, 5)).toBe(0);
});
