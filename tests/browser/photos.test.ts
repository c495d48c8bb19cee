import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { train } from '../../src/cli/commands/train.js';
import { parseYaml } from '../../src/config/yaml.js';
import { nodePlatform, packageRoot } from '../../src/platform/node.js';
import type { TrainEvent } from '../../src/train/events.js';
import { bundleForPage, openSite, startChromium } from '../support/chromium.js';
import type { SiteFiles } from '../support/page-server.js';
import { writeJpegs } from '../support/photo-files.js';

const folder = join(mkdtempSync(join(tmpdir(), 'cvnets-page-')), 'garden');
const recipe = join(packageRoot(), 'recipes/flowers.yaml');
const example = 'examples/browser/photos';

/** The recipe for photos, small: MobileNetV2 on three sizes of image, seven steps in two epochs. */
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

type Losses = readonly (readonly [training: boolean, loss: number])[];

/** Losses of all batches and of both validations, from the events of a run. */
const lossesOf = (events: readonly TrainEvent[]): Losses =>
  events.flatMap((event): Losses => {
    if (event.event === 'step') return [[true, event.loss]];
    return event.event === 'epoch' ? [[false, event.val_loss]] : [];
  });

/** The same run in Node, as `cvnets train` does it. */
async function lossesInNode(): Promise<Losses> {
  const events: TrainEvent[] = [];
  const paths = `
common.results_loc: ${join(folder, '../runs')}
dataset.root_train: ${folder}
model.classification.n_classes: 3`;
  const write = (text: string) => {
    for (const line of text.trimEnd().split('\n')) events.push(JSON.parse(line));
  };
  const context = {
    platform: nodePlatform,
    overrides: [...parseYaml(changes, 'changes'), ...parseYaml(paths, 'paths')],
    interruptible: () => new AbortController().signal,
    output: { isTerminal: false, write, writeError: () => {} },
  };
  expect(await train(context, recipe, { json: true })).toBe(true);
  return lossesOf(events);
}

let browser: Browser;
let files: SiteFiles;
let expected: Losses;
beforeAll(async () => {
  writeJpegs(folder, ['daisy', 'rose', 'tulip'], 12);
  // Neither of these is a photo.
  writeFileSync(join(folder, 'notes.txt'), 'flowers');
  mkdirSync(join(folder, 'empty'));
  expected = await lossesInNode();
  expect(expected.filter(([training]) => training)).toHaveLength(8);
  browser = await startChromium();
  files = {
    '/photos/index.html': readFileSync(join(packageRoot(), example, 'index.html')),
    '/photos/page.js': await bundleForPage(`${example}/page.ts`),
    '/photos/worker.js': await bundleForPage(`${example}/worker.ts`),
    '/photos/recipe.yaml': readFileSync(recipe),
  };
});
afterAll(() => browser?.close());

/** A folder from the desktop, dropped in the middle of the frame: Chromium gives the page its entries. */
async function drop(page: Page): Promise<void> {
  const { x, y, width, height } = (await page.locator('#drop').boundingBox())!;
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [folder], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: x + width / 2, y: y + height / 2, data });
  }
}

const choose = (page: Page) => page.locator('[name=folder]').setInputFiles(folder);

test.each([
  ['dropped, in a page that is cross-origin isolated', drop, true],
  ['chosen, in a page without shared memory', choose, false],
] as const)('a folder of photos, %s: every loss is that of Node, bit for bit', async (_, give, isolated) => {
  const { page, address, log, close } = await openSite(browser, { files, isolated });
  try {
    // Keeps what the page's worker says.
    await page.addInitScript(() => {
      const messages: unknown[] = [];
      Object.assign(globalThis, { messages });
      const Original = Worker;
      globalThis.Worker = class extends Original {
        constructor(url: string | URL, options?: WorkerOptions) {
          super(url, options);
          this.addEventListener('message', ({ data }) => messages.push(data));
        }
      };
    });
    const loaded: string[] = [];
    page.on('request', (request) => loaded.push(request.url().slice(address.length)));
    await page.goto(`${address}photos/index.html`);
    await page.getByLabel(/^Changes/).fill(changes);
    await give(page);
    await page.getByText('37 files in garden.').waitFor();
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page.getByText(/^(Done|Failed)\.$/).waitFor({ timeout: 100_000 });
    const said = await page.locator('#log').textContent();
    const events = await page.evaluate(() =>
      (globalThis as unknown as { messages: { event?: TrainEvent }[] }).messages.flatMap(({ event }) => event ?? []),
    );
    expect(lossesOf(events), said ?? '').toEqual(expected);
    expect(said).toContain('30 photos train, 6 validate');
    // Workers of the page read the photos, with shared memory and without.
    expect(loaded).toContain('photo-worker.js');
    expect(said?.includes('not cross-origin isolated')).toBe(!isolated);
    expect(await page.getByRole('row').count()).toBe(3);
    expect(await page.getByRole('link').allTextContents()).toEqual(['Save report.html', 'Save weights.safetensors']);
    expect(await page.locator('#curves').evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
    expect(log).toEqual([]);
  } finally {
    await close();
  }
});
