import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BenchRow } from '../../src/cli/bench/row.js';
import { bundleForPage, openSite, startChromium } from '../support/chromium.js';

let browser: Browser;
let files: Record<string, string>;
let script: string;
beforeAll(async () => {
  browser = await startChromium();
  script = await bundleForPage('examples/browser/bench/page.ts');
  files = { '/worker.js': await bundleForPage('examples/browser/bench/worker.ts') };
});
afterAll(() => browser?.close());

const index = '<!doctype html><meta charset="utf-8"><output></output><script type="module" src="/page.js"></script>';

async function benchInTab(query: string): Promise<{ rows: BenchRow[] | null; text: string; links: string[] }> {
  const site = await openSite(browser, { script, files: { ...files, '/index.html': index } });
  try {
    await site.page.goto(`${site.address}?${query}`);
    await site.page.waitForFunction(() => document.body?.dataset.done !== undefined, undefined, { timeout: 100_000 });
    const [done, text, links] = await site.page.evaluate(() => [
      document.body.dataset.done!,
      document.querySelector('output')!.textContent ?? '',
      [...document.querySelectorAll('a')].map(({ download }) => download),
    ]);
    return { rows: JSON.parse(done as string), text: text as string, links: links as string[] };
  } finally {
    await site.close();
  }
}

test.each(['wasm', 'webgpu'])('a kernel in a page on %s gives the rows of the command', async (device) => {
  const { rows, text, links } = await benchInTab(`suite=kernels&device=${device}&filter=gemm 3136&rounds=1`);
  expect(rows, text).toHaveLength(1);
  expect(rows![0]).toMatchObject({
    suite: 'kernels',
    case: 'gemm 3136x144x24',
    device,
    metric: 'rate',
    unit: 'GFLOP/s',
  });
  expect(rows![0].ours).toBeGreaterThan(0);
  expect(rows![0].limit).toBeGreaterThan(0);
  expect(rows![0].software).toBe(device === 'webgpu' ? true : undefined);
  expect(links).toEqual(['bench.json']);
});

test('what is not there is said: a peer that is not served, a suite that pages do not have', async () => {
  const { rows, text } = await benchInTab('suite=kernels&device=wasm&filter=gemm 3136&rounds=1&peers=tfjs');
  expect(text).toContain('tfjs does not start');
  expect(rows).toHaveLength(1);
  const refused = await benchInTab('suite=data&device=wasm');
  expect(refused.rows).toBeNull();
  expect(refused.text).toContain('there is no suite data in pages');
});
