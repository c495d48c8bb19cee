import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSite, type Site, startChromium } from '../support/chromium.js';

let browser: Browser;
beforeAll(async () => {
  browser = await startChromium();
});
afterAll(() => browser?.close());

/** Links kernels.wasm inside a worker and fills 8 floats: the kernel ABI is that of assembly/kernels. */
const worker = `onmessage = async ({ data: { name, shared } }) => {
  try {
    const memory = new WebAssembly.Memory({ initial: 4, maximum: 65536, shared });
    const bytes = await (await fetch(name)).arrayBuffer();
    const { instance } = await WebAssembly.instantiate(bytes, { env: { memory, park() {} } });
    const view = new DataView(memory.buffer);
    view.setUint32(1024, 2048, true);
    view.setInt32(1028, 8, true);
    view.setFloat32(1032, 1.5, true);
    instance.exports.fill(1024, 0, 1);
    postMessage([...new Float32Array(memory.buffer, 2048, 8)]);
  } catch (error) {
    postMessage(String(error));
  }
};`;

function fillInWorker(site: Site, name: string, shared: boolean): Promise<unknown> {
  return site.page.evaluate(
    (message) =>
      new Promise((resolve) => {
        const started = new Worker('/fill.js');
        started.onmessage = ({ data }) => resolve(data);
        started.onerror = ({ message: text }) => resolve(text);
        started.postMessage(message);
      }),
    { name, shared },
  );
}

describe.each([true, false])('a page with cross-origin isolation: %s', (isolated) => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite(browser, { isolated, files: { '/fill.js': worker } });
  });
  afterAll(() => site?.close());

  test('has SharedArrayBuffer only when isolated', async () => {
    const found = await site.page.evaluate(() => [crossOriginIsolated, typeof SharedArrayBuffer !== 'undefined']);
    expect(found).toEqual([isolated, isolated]);
  });

  test('has a WebGPU adapter', async () => {
    const adapter = await site.page.evaluate(async () => {
      const found = await navigator.gpu?.requestAdapter();
      return found && `${found.info.vendor} ${found.info.architecture}`;
    });
    expect(adapter).toMatch(/\w/);
  });

  test('runs kernels in a worker', async () => {
    const name = isolated ? 'kernels.shared.wasm' : 'kernels.wasm';
    expect(await fillInWorker(site, name, isolated)).toEqual(new Array(8).fill(1.5));
    expect(site.log).toEqual([]);
  });
});
