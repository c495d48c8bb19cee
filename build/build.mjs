// Builds what ships. `node build/build.mjs [wasm|bundle|types]...`; without arguments, everything.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function run(command, ...args) {
  const { status } = spawnSync(process.execPath, [`${root}node_modules/${command}`, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

const steps = {
  /** kernels.wasm twice: a module that imports a shared memory does not link to an unshared one. */
  wasm() {
    for (const target of ['unshared', 'shared']) run('assemblyscript/bin/asc.js', '--target', target);
  },
};

const chosen = process.argv.slice(2);
for (const name of chosen.length > 0 ? chosen : Object.keys(steps)) steps[name]();
