import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { startChromium } from '../support/chromium.js';
import { drop, lossesInNode, photosSite, trainInPage } from '../support/photos-page.js';

const flowers = process.env.CVNETS_FLOWERS ?? resolve(import.meta.dirname, '../../../shared/data/flowers');
const reason = existsSync(flowers) ? undefined : `${flowers} is not there`;
const changes = 'common.log_freq: 1\ndevice.name: wasm\nscheduler.max_epochs: 2\n';

test.skipIf(reason)(
  `the recipe for photos in Node and in a page, two epochs: equal losses${reason ? `; skipped, ${reason}` : ''}`,
  async () => {
    const expected = await lossesInNode(flowers, 5, changes);
    const browser = await startChromium();
    try {
      const files = await photosSite();
      const run = await trainInPage(browser, { files, isolated: true, give: drop, folder: flowers, changes });
      console.log(`${run.losses.length} losses, the last is ${run.losses.at(-1)}`);
      expect(run.losses, run.said).toEqual(expected);
      expect(run.losses.length).toBeGreaterThan(40);
    } finally {
      await browser.close();
    }
  },
);
