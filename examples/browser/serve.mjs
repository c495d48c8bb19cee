// Bundles the pages and their workers and serves them on this machine: node examples/browser/serve.mjs [port]
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { wgslEsbuild } from '../../build/wgsl.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const shared = {
  outdir: '/',
  bundle: true,
  minify: true,
  write: false,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  plugins: [wgslEsbuild()],
};
const pages = ['', 'photos/', 'bench/'].flatMap((folder) => [`${folder}page.ts`, `${folder}worker.ts`]);
const { outputFiles } = await build({ ...shared, entryPoints: pages.map(here), outbase: here('.') });
// What the benchmark is compared with, when it is installed: npm ci --ignore-scripts --prefix bench
const peers = { tfjs: '@tensorflow/tfjs', 'jax-js': '@jax-js/jax' };
for (const [name, id] of Object.entries(peers)) {
  if (!existsSync(here(`../../bench/node_modules/${id}`))) continue;
  const entryPoints = { [`peers/${name}`]: here(`../../bench/${name}.mjs`) };
  outputFiles.push(...(await build({ ...shared, entryPoints, logLevel: 'error' })).outputFiles);
}
const files = new Map(outputFiles.map(({ path, contents }) => [path, { type: 'text/javascript', contents }]));
const add = async (address, path, type) => files.set(address, { type, contents: await readFile(here(path)) });
await add('/', 'index.html', 'text/html');
await add('/photos/', 'photos/index.html', 'text/html');
await add('/bench/', 'bench/index.html', 'text/html');
await add('/peers/package.json', '../../bench/package.json', 'application/json');
await add('/photos/recipe.yaml', '../../recipes/flowers.yaml', 'text/plain');
// What a page loads beside its scripts.
for (const name of ['kernels.wasm', 'kernels.shared.wasm', 'imaging.wasm', 'wasm-worker.js', 'photo-worker.js']) {
  await add(`/${name}`, `../../build/${name}`, name.endsWith('.wasm') ? 'application/wasm' : 'text/javascript');
}

const server = createServer(({ url }, response) => {
  const file = files.get(new URL(url, 'http://localhost').pathname);
  if (!file) return response.writeHead(404).end();
  response.writeHead(200, {
    'Content-Type': file.type,
    // Without these two a page has no shared memory, and the wasm device runs on one thread.
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
  });
  return response.end(file.contents);
});
server.listen(Number(process.argv[2] ?? 8080), '127.0.0.1', () => {
  const site = `http://127.0.0.1:${server.address().port}`;
  console.log(`toy pictures: ${site}/?device=wasm&model=lenet&size=32`);
  console.log(`your photos:  ${site}/photos/`);
  console.log(`benchmark:    ${site}/bench/?suite=kernels&device=webgpu&filter=gemm`);
});
