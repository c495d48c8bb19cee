import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { train } from '../../examples/browser/train.js';
import { nodePlatform } from '../../src/platform/node.js';
import { bundleForPage, openSite, type Site, startChromium } from '../support/chromium.js';

let browser: Browser;
let files: Record<string, string>;
beforeAll(async () => {
  browser = await startChromium();
  files = { '/worker.js': await bundleForPage('examples/browser/worker.ts') };
});
afterAll(() => browser?.close());

const options = { model: 'lenet', size: 16, batch: 8, steps: 6, lr: 0.05 } as const;

interface PageRun {
  readonly losses: number[] | null;
  readonly text: string;
  readonly log: readonly string[];
}

/** Opens the example page with these options and waits for the worker's losses. */
async function trainInPage(query: Record<string, string | number>, isolated = true): Promise<PageRun> {
  const script = await bundleForPage('examples/browser/page.ts');
  const address = new URLSearchParams(Object.entries(query).map(([k, v]) => [k, String(v)]));
  const index = '<!doctype html><meta charset="utf-8"><output></output><script type="module" src="/page.js"></script>';
  const site: Site = await openSite(browser, { script, files: { ...files, '/index.html': index }, isolated });
  try {
    await site.page.goto(`${site.address}?${address}`);
    await site.page.waitForFunction(() => document.body?.dataset.done !== undefined, undefined, { timeout: 100_000 });
    const [done, text] = await site.page.evaluate(() => [document.body.dataset.done!, document.body.textContent ?? '']);
    return { losses: JSON.parse(done), text, log: site.log };
  } finally {
    await site.close();
  }
}

describe('the example page trains in a worker', () => {
  test('wasm: the losses are those of Node, bit for bit, with threads and without', async () => {
    const expected = await train(
      nodePlatform,
      { ...options, device: 'wasm', threads: 0 },
      () => {},
      () => {},
    );
    expect(expected).toHaveLength(options.steps);
    const threaded = await trainInPage({ ...options, device: 'wasm', threads: 2 });
    expect(threaded.losses, threaded.text).toEqual(expected);
    const alone = await trainInPage({ ...options, device: 'wasm', threads: 2 }, false);
    expect(alone.losses, alone.text).toEqual(expected);
    expect(alone.text).toMatch(/not cross-origin isolated/);
  });

  test('webgpu: the losses agree with those of wasm', async () => {
    const expected = await train(
      nodePlatform,
      { ...options, device: 'wasm', threads: 0 },
      () => {},
      () => {},
    );
    const { losses, text } = await trainInPage({ ...options, device: 'webgpu' });
    expect(losses, text).not.toBeNull();
    losses!.forEach((loss, i) => {
      expect(Math.abs(loss - expected[i]) / expected[i], `step ${i}`).toBeLessThan(1e-4);
    });
    expect(text).toMatch(/SOFTWARE ADAPTER/);
  });

  test('the page answers while MobileNetV2 trains', async () => {
    const script = await bundleForPage('examples/browser/page.ts');
    const index = '<!doctype html><output></output><script type="module" src="/page.js"></script>';
    const site = await openSite(browser, { script, files: { ...files, '/index.html': index } });
    try {
      await site.page.goto(`${site.address}?device=wasm&threads=1&size=32&batch=8&steps=12`);
      let answers = 0;
      while ((await site.page.evaluate(() => document.body?.dataset.done)) === undefined) answers++;
      const losses = JSON.parse(await site.page.evaluate(() => document.body.dataset.done!));
      expect(losses).toHaveLength(12);
      // A page that is blocked until the end answers once.
      expect(answers).toBeGreaterThan(2);
    } finally {
      await site.close();
    }
  });
});
