// Builds what ships. `node build/build.mjs [wasm|workers|bundle|types|check]...`; without arguments, everything.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { wgslEsbuild } from './wgsl.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

function run(command, ...args) {
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', command), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

/** Says which entry points do not exist yet, and leaves them out. */
const present = (entries) =>
  Object.fromEntries(
    Object.entries(entries).filter(([name, path]) => {
      if (existsSync(join(root, path))) return true;
      console.warn(`not built: ${name}, there is no ${path} yet`);
      return false;
    }),
  );

const shared = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  plugins: [wgslEsbuild({ minify: true })],
  logLevel: 'warning',
};

const steps = {
  /** kernels.wasm twice: a module that imports a shared memory does not link to an unshared one. imaging.wasm has its own. */
  wasm() {
    for (const target of ['unshared', 'shared']) run('assemblyscript/bin/asc.js', '--target', target);
    run('assemblyscript/bin/asc.js', '--config', 'asconfig.imaging.json');
  },

  /** Worker scripts are self-contained and classic: see `Platform.startWorker`. */
  async workers() {
    const entryPoints = { 'wasm-worker': 'src/devices/wasm/worker.ts', 'photo-worker': 'src/data/photo-worker.ts' };
    await build({ ...shared, entryPoints, outdir: 'build', format: 'iife', minify: true });
  },

  /** The library and its recipes for Node and for pages, and the command. They share their modules: registries are one. */
  async bundle() {
    rmSync(join(root, 'build/dist'), { recursive: true, force: true });
    const options = {
      ...shared,
      outdir: 'build/dist',
      packages: 'external',
      splitting: true,
      chunkNames: 'shared-[hash]',
    };
    const config = 'src/config/index.ts';
    const node = { 'index.node': 'src/index.node.ts', 'config.node': config, cli: 'src/cli/main.ts' };
    await build({ ...options, entryPoints: present(node), platform: 'node' });
    const browser = { 'index.browser': 'src/index.browser.ts', 'config.browser': config };
    await build({ ...options, entryPoints: browser, platform: 'browser' });
  },

  types() {
    rmSync(join(root, 'build/types'), { recursive: true, force: true });
    run('typescript/bin/tsc', '--project', 'tsconfig.build.json');
  },

  /** Every file that package.json promises is there, and the command can be started. */
  check() {
    const { bin, exports, files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const paths = (entry) => (typeof entry === 'string' ? [entry] : Object.values(entry).flatMap(paths));
    const promised = [...paths(exports), ...paths(bin), ...files.filter((name) => !name.includes('*'))];
    const missing = promised.filter((path) => !existsSync(join(root, path)));
    if (missing.length > 0) throw new Error(`package.json promises files that are not built: ${missing.join(', ')}`);
    for (const path of paths(bin)) {
      if (!readFileSync(join(root, path), 'utf8').startsWith('#!/usr/bin/env node\n')) {
        throw new Error(`${path} does not start with #!/usr/bin/env node: its source must`);
      }
    }
  },
};

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !Object.hasOwn(steps, name));
if (unknown.length > 0) {
  console.error(`unknown step ${unknown.join(', ')}: choose from ${Object.keys(steps).join(', ')}`);
  process.exit(1);
}
for (const name of chosen.length > 0 ? chosen : Object.keys(steps)) await steps[name]();
