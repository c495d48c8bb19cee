import { benchPage } from '../../../src/cli/bench/html.js';
import { benchInPage, type PageBenchOptions } from '../../../src/cli/bench/in-page.js';
import type { PeerModule } from '../../../src/cli/bench/peer-module.js';
import { browserPlatform } from '../../../src/platform/browser.js';

export interface BenchRequest extends Omit<PageBenchOptions, 'peers' | 'versions' | 'progress' | 'note'> {
  readonly peers: readonly string[];
}

export interface BenchMessage {
  readonly line?: string;
  readonly json?: string;
  readonly page?: string;
  readonly failed?: boolean;
}

const send = (message: BenchMessage): void => postMessage(message);
const site = new URL('/', location.href);

/** The server bundles peers to /peers/NAME.js when they are installed. */
function peerModule(name: string): () => Promise<PeerModule> {
  const address = new URL(`peers/${name}.js`, site).href;
  return () => import(address) as Promise<PeerModule>;
}

async function versions(): Promise<Record<string, string>> {
  const response = await fetch(new URL('peers/package.json', site));
  return response.ok ? ((await response.json()) as { dependencies: Record<string, string> }).dependencies : {};
}

/** The page sends options; the worker answers with lines and, at the end, with the rows and a page about them. */
addEventListener('message', async ({ data }: MessageEvent<BenchRequest>) => {
  const notes: string[] = [];
  const note = (line: string): void => {
    notes.push(line);
    send({ line });
  };
  try {
    const rows = await benchInPage(browserPlatform(site), {
      ...data,
      peers: new Map(data.peers.map((name) => [name, peerModule(name)])),
      versions: data.peers.length > 0 ? await versions() : {},
      progress: (line) => send({ line }),
      note,
    });
    const where = `${new Date().toISOString().slice(0, 16)}Z, ${navigator.userAgent}`;
    send({ json: JSON.stringify(rows, null, 2), page: benchPage({ rows, notes, where }) });
  } catch (error) {
    send({ line: error instanceof Error ? error.message : String(error), failed: true });
  }
});
