import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startChromium } from '../support/chromium.js';
import type { SiteFiles } from '../support/page-server.js';
import { writeJpegs } from '../support/photo-files.js';
import { choose, drop, lossesInNode, photosSite, trainInPage } from '../support/photos-page.js';

const folder = join(mkdtempSync(join(tmpdir(), 'cvnets-page-')), 'garden');

/** The recipe for photos, small: MobileNetV2 on three sizes of image, eight steps in two epochs. */
const changes = `
common.log_freq: 1
device: {name: wasm, threads: 2}
dataset: {train_batch_size0: 8, val_batch_size0: 6, workers: 2}
sampler:
  name: multi_scale_sampler
  msc: {crop_size_width: 48, crop_size_height: 48, min_crop_size_width: 32, min_crop_size_height: 32, max_crop_size_width: 64, max_crop_size_height: 64, max_n_scales: 3, check_scale: 16}
image_augmentation.resize.size: 54
model.classification.mobilenetv2.width_multiplier: 0.25
scheduler: {max_epochs: 2, warmup_iterations: 3}
`;

let browser: Browser;
let files: SiteFiles;
let expected: string[];
beforeAll(async () => {
  writeJpegs(folder, ['daisy', 'rose', 'tulip'], 12);
  // Neither of these is a photo.
  writeFileSync(join(folder, 'notes.txt'), 'flowers');
  mkdirSync(join(folder, 'empty'));
  expected = await lossesInNode(folder, 3, changes);
  expect(expected).toHaveLength(10);
  browser = await startChromium();
  files = await photosSite();
});
afterAll(() => browser?.close());

test.each([
  ['dropped, in a page that is cross-origin isolated', drop, true],
  ['chosen, in a page without shared memory', choose, false],
] as const)('a folder of photos, %s: every loss is that of Node, bit for bit', async (_, give, isolated) => {
  const run = await trainInPage(browser, { files, isolated, give, folder, changes }, async (page) => {
    expect(await page.locator('#chosen').textContent()).toBe('37 files in garden.');
    expect(await page.getByRole('row').count()).toBe(3);
    expect(await page.getByRole('link').allTextContents()).toEqual(['Save report.html', 'Save weights.safetensors']);
    expect(await page.locator('#curves').evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  });
  expect(run.losses, run.said).toEqual(expected);
  expect(run.said).toContain('30 photos train, 6 validate');
  // Workers of the page read the photos, with shared memory and without.
  expect(run.loaded).toContain('photo-worker.js');
  expect(run.said.includes('not cross-origin isolated')).toBe(!isolated);
  expect(run.log).toEqual([]);
});

test.each([
  ['a folder without photos', join(folder, 'empty/more'), changes, 'no photos for train'],
  ['a key that does not exist', folder, 'optim.sgd.nestrov: true', "did you mean 'optim.sgd.nesterov'?"],
])('%s is told', async (_, given, text, message) => {
  mkdirSync(given, { recursive: true });
  writeFileSync(join(given, 'notes.txt'), 'flowers');
  const { losses, said } = await trainInPage(browser, {
    files,
    isolated: true,
    give: drop,
    folder: given,
    changes: text,
  });
  expect(losses).toEqual([]);
  expect(said).toContain(message);
});
