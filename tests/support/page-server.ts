import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a page may load: path to content. */
export type SiteFiles = Readonly<Record<string, string | Uint8Array>>;

const types: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  wasm: 'application/wasm',
  css: 'text/css; charset=utf-8',
};

/** The two headers that give a page SharedArrayBuffer. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

export interface PageServer {
  /** `http://127.0.0.1:…/` */
  readonly address: string;
  close(): Promise<void>;
}

/** Serves `files` on the loopback interface. Without `isolated`, pages have no SharedArrayBuffer. */
export async function servePages(files: SiteFiles, { isolated = true } = {}): Promise<PageServer> {
  const server = createServer(({ url = '/' }, response) => {
    const path = new URL(url, 'http://localhost').pathname;
    const content = files[path === '/' ? '/index.html' : path];
    if (content === undefined) {
      response.writeHead(404).end(`no ${path}`);
      return;
    }
    const type = types[path === '/' ? 'html' : path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
    response.writeHead(200, { 'Content-Type': type, ...(isolated ? isolation : {}) }).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve, reject) => {
        server.closeAllConnections();
        server.close((error) => (error ? reject(error) : resolve()));
      }),
  };
}
