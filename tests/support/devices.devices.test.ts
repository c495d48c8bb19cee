import { expect, test } from 'vitest';
import { devices, testedDevices } from './devices.js';

test('operator tests run on a device, not only against themselves', async () => {
  const present = await devices();
  expect(present.length).toBeGreaterThan(0);
  expect(present.map(({ name }) => name)).toEqual(testedDevices);
});
