import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { train } from '../../src/cli/commands/train.js';
import { parseYaml } from '../../src/config/yaml.js';
import { nodePlatform, packageRoot } from '../../src/platform/node.js';
import type { TrainEvent } from '../../src/train/events.js';
import { bundleForPage, openSite } from './chromium.js';
import type { SiteFiles } from './page-server.js';

const recipe = join(packageRoot(), 'recipes/flowers.yaml');
const example = 'examples/browser/photos';

/** `step 1.25`, `validation 1.5`: doubles are printed so that they can be read back exactly. */
const lossesOf = (events: readonly TrainEvent[]): string[] =>
  events.flatMap((event) => {
    if (event.event === 'step') return [`step ${event.loss}`];
    return event.event === 'epoch' ? [`validation ${event.val_loss}`] : [];
  });

/**
 * Losses of `cvnets train recipes/flowers.yaml` on a folder of photos.
 * @param changes settings that beat the recipe's, as YAML; `common.log_freq: 1` shows every step
 */
export async function lossesInNode(folder: string, classes: number, changes: string): Promise<string[]> {
  const events: TrainEvent[] = [];
  const paths = `
common.results_loc: ${mkdtempSync(join(tmpdir(), 'cvnets-runs-'))}
dataset.root_train: ${folder}
model.classification.n_classes: ${classes}`;
  const write = (text: string) => {
    for (const line of text.trimEnd().split('\n')) events.push(JSON.parse(line));
  };
  const context = {
    platform: nodePlatform,
    overrides: [...parseYaml(changes, 'changes'), ...parseYaml(paths, 'paths')],
    interruptible: () => new AbortController().signal,
    output: { isTerminal: false, write, writeError: () => {} },
  };
  await train(context, recipe, { json: true });
  return lossesOf(events);
}

/** The example page for photos, as a server has it. */
export async function photosSite(): Promise<SiteFiles> {
  return {
    '/photos/index.html': readFileSync(join(packageRoot(), example, 'index.html')),
    '/photos/page.js': await bundleForPage(`${example}/page.ts`),
    '/photos/worker.js': await bundleForPage(`${example}/worker.ts`),
    '/photos/recipe.yaml': readFileSync(recipe),
  };
}

/** How a folder gets to the page. */
export type Give = (page: Page, folder: string) => Promise<void>;

/** Drops a folder of the disk in the middle of the frame: Chromium gives the page its entries. */
export const drop: Give = async (page, folder) => {
  const { x, y, width, height } = (await page.locator('#drop').boundingBox())!;
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [folder], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: x + width / 2, y: y + height / 2, data });
  }
};

export const choose: Give = (page, folder) => page.locator('[name=folder]').setInputFiles(folder);

export interface PageRun {
  readonly losses: string[];
  /** What the page said beside them. */
  readonly said: string;
  /** Addresses below the site's that were asked for, by the page and by its workers. */
  readonly loaded: readonly string[];
  /** Console and errors that nobody caught. */
  readonly log: readonly string[];
}

/** Trains in the example page. @param look may look at the page when it is done */
export async function trainInPage(
  browser: Browser,
  { files, isolated, give, folder, changes }: PageRunOptions,
  look: (page: Page) => Promise<void> = async () => {},
): Promise<PageRun> {
  const { page, address, log, close } = await openSite(browser, { files, isolated });
  try {
    await page.addInitScript(keepWorkerMessages);
    const loaded: string[] = [];
    page.on('request', (request) => loaded.push(request.url().slice(address.length)));
    await page.goto(`${address}photos/index.html`);
    await page.getByLabel(/^Changes/).fill(changes);
    await give(page, folder);
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page.getByText(/^(Done|Failed)\.$/).waitFor({ timeout: 0 });
    const events = await page.evaluate(() =>
      (globalThis as unknown as { messages: { event?: TrainEvent }[] }).messages.flatMap(({ event }) => event ?? []),
    );
    await look(page);
    return { losses: lossesOf(events), said: (await page.locator('#log').textContent()) ?? '', loaded, log };
  } finally {
    await close();
  }
}

export interface PageRunOptions {
  readonly files: SiteFiles;
  readonly isolated: boolean;
  readonly give: Give;
  readonly folder: string;
  readonly changes: string;
}

/** Runs in the page: keeps what its workers say, since the page shows losses with four digits. */
function keepWorkerMessages(): void {
  const messages: unknown[] = [];
  const Original = Worker;
  class KeepingWorker extends Original {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      this.addEventListener('message', ({ data }) => messages.push(data));
    }
  }
  Object.assign(globalThis, { messages, Worker: KeepingWorker });
}
