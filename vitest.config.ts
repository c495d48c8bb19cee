import { defineConfig } from 'vitest/config';
import { wgslVite } from './build/wgsl.mjs';

/**
 * Each operator test runs once a device: on wasm in the parallel project, on webgpu in the serial one. A test outside
 * tests/ops that is about every device is called `*.devices.test.ts`.
 */
const onEveryDevice = ['tests/ops/**/*.test.ts', 'tests/**/*.devices.test.ts'];
const onWebgpuOnly = ['tests/devices/webgpu/**/*.test.ts'];
const elsewhere = ['tests/browser/**', 'tests/long/**', 'node_modules/**'];

/** Dawn does not survive two instances at once on a software adapter: one process a file, one file at a time. */
const serial = { pool: 'forks', fileParallelism: false, maxWorkers: 1 } as const;

export default defineConfig({
  test: {
    projects: [
      {
        plugins: [wgslVite()],
        test: {
          name: 'unit',
          include: ['tests/**/*.test.ts'],
          exclude: [...onWebgpuOnly, ...elsewhere],
          env: { CVNETS_TEST_DEVICES: 'wasm', NO_COLOR: '1' },
          pool: 'forks',
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        plugins: [wgslVite()],
        test: {
          name: 'gpu',
          include: [...onEveryDevice, ...onWebgpuOnly],
          exclude: elsewhere,
          env: { CVNETS_TEST_DEVICES: 'webgpu', NO_COLOR: '1' },
          ...serial,
          testTimeout: 240_000,
          hookTimeout: 240_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        plugins: [wgslVite()],
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          ...serial,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        plugins: [wgslVite()],
        test: {
          name: 'long',
          include: ['tests/long/**/*.test.ts'],
          ...serial,
          testTimeout: 3_600_000,
          hookTimeout: 600_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
