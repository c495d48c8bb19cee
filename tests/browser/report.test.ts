import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryFiles } from '../../src/platform/memory-files.js';
import { writeSamples, writeTrainBatch } from '../../src/train/pictures.js';
import { writeReport } from '../../src/train/report.js';
import { ResultsFile } from '../../src/train/results.js';
import { RunFolder } from '../../src/train/run-folder.js';
import { SampleStatistics } from '../../src/train/samples.js';
import { startChromium } from '../support/chromium.js';

let browser: Browser;
beforeAll(async () => {
  browser = await startChromium();
}, 60_000);
afterAll(() => browser?.close());

const evil = '"><img src=x onerror="document.title=1"><script>document.title=2</script>';

/** The report of a run with two classes, one of which has a hostile name. */
async function report(): Promise<Uint8Array> {
  const files = memoryFiles();
  const folder = await RunFolder.create(files, evil, 'run');
  await folder.writeConfig(`name: ${evil}\n`);
  const row = { updates: 1, lr: 0.1, train_loss: 1, train_top1: 50, val_loss: 1, val_top1: 50, val_top5: 100 };
  const results = await ResultsFile.open(files, folder.resultsPath, 0);
  const times = { seconds: 60, data_wait_seconds: 1, device_wait_seconds: 50, decode_seconds: 2 };
  for (const epoch of [0, 1]) await results.add({ epoch, ...row, ...times, images_per_second: 10 });
  await folder.writeCurves(results.rows);
  const image = Uint8Array.from({ length: 4 * 8 * 8 * 3 }, (_, i) => (i * 37) & 255);
  const batch = { size: 4, height: 8, width: 8, channels: 3, image, target: Int32Array.of(0, 1, 0, 1) };
  const samples = new SampleStatistics(2);
  samples.add(batch, [3, 1, 3, 1, 1, 3, 1, 3]);
  await writeTrainBatch(folder, batch, ['rose', evil]);
  await writeSamples(folder, samples, ['rose', evil]);
  return files.read(await writeReport(folder));
}

test('the report opens from a disk, shows all its pictures, asks for nothing and runs nothing', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'cvnets-report-')), 'report.html');
  writeFileSync(path, await report());
  const page = await browser.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`file://${path}`);
  const shown = await page.evaluate(() => ({
    title: document.title,
    sizes: [...document.images].map(({ naturalWidth, naturalHeight }) => [naturalWidth, naturalHeight]),
    scripts: document.scripts.length,
    rows: [...document.querySelectorAll('tr.best td')].length,
    classes: [...document.querySelectorAll('tr > th:first-child')].map(({ textContent }) => textContent),
  }));
  expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([`file://${path}`]);
  expect(complaints).toEqual([]);
  expect(shown).toMatchObject({ title: `${evil}/run-1`, scripts: 0, rows: 13 });
  expect(shown.classes).toEqual(['epoch', 'class', 'rose', evil]);
  expect(shown.sizes).toHaveLength(4);
  expect(shown.sizes.flat().every((side) => side > 0)).toBe(true);
  expect(shown.sizes.slice(2)).toEqual([
    [4 * 94 + 6, 88 + 9 + 12 + 6],
    [2 * 94 + 6, 88 + 27 + 12 + 6],
  ]);
});
