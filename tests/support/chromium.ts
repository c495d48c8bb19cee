import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { extractChromium, packagedBinariesRun } from '../../build/extract.mjs';
import { wgslEsbuild } from '../../build/wgsl.mjs';
import { type PageServer, type SiteFiles, servePages } from './page-server.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Software rendering all the way down, and WebGPU although the adapter is a software one. */
const softwareGpu = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-angle=swiftshader',
  '--ignore-gpu-blocklist',
];

/**
 * A headless Chromium: the one at CVNETS_TEST_CHROMIUM if set, the one out of @sparticuz/chromium on Linux x64, else
 * the Chrome that playwright finds on the machine.
 */
export function startChromium(): Promise<Browser> {
  const args = ['--no-sandbox', ...softwareGpu];
  const installed = process.env.CVNETS_TEST_CHROMIUM;
  if (installed) return chromium.launch({ executablePath: installed, args });
  if (!packagedBinariesRun) return chromium.launch({ channel: 'chrome', args });
  const { executable, libraries } = extractChromium();
  // A Vulkan driver chosen for Dawn in Node is not for the browser, which brings its own.
  const { VK_ICD_FILENAMES: _, ...environment } = process.env;
  const LD_LIBRARY_PATH = [libraries, environment.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return chromium.launch({ executablePath: executable, args, env: { ...environment, LD_LIBRARY_PATH } as never });
}

/** Bundles `entry` (a path below the repository) as a page's or a worker's script, as an application would. */
export async function bundleForPage(entry: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    plugins: [wgslEsbuild()],
    logLevel: 'error',
  });
  return outputFiles[0].text;
}

/** What `npm run build` makes and a page loads, at the root of the site. */
async function builtAssets(): Promise<SiteFiles> {
  const names = ['kernels.wasm', 'kernels.shared.wasm', 'imaging.wasm', 'wasm-worker.js', 'photo-worker.js'];
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [`/${name}`, await readFile(join(root, 'build', name))] as const)),
  );
}

export interface Site {
  readonly page: Page;
  readonly address: string;
  /** What the page wrote to its console, and errors that nobody caught. */
  readonly log: readonly string[];
  close(): Promise<void>;
}

/**
 * Opens a page that runs `script` (as a module), with the built wasm files at its root and `files` added.
 * @param isolated whether the page has SharedArrayBuffer.
 */
export async function openSite(
  browser: Browser,
  { script = '', files = {}, isolated = true }: { script?: string; files?: SiteFiles; isolated?: boolean } = {},
): Promise<Site> {
  const index =
    '<!doctype html><meta charset="utf-8"><title>cvnets</title><script type="module" src="/page.js"></script>';
  const site = { '/index.html': index, '/page.js': script, '/favicon.ico': '', ...(await builtAssets()), ...files };
  const server: PageServer = await servePages(site, { isolated });
  const page = await browser.newPage();
  const log: string[] = [];
  page.on('console', (message) => log.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => log.push(`uncaught: ${error.message}`));
  await page.goto(server.address);
  return {
    page,
    address: server.address,
    log,
    async close() {
      await page.close();
      await server.close();
    },
  };
}
