// `npm test [vitest options and files]`: finds a WebGPU adapter that needs no GPU if there is none, and starts vitest
// with it. `npm run test:long` runs tests/long. CVNETS_TEST_ADAPTER chooses: auto (default), all, system, lavapipe,
// swiftshader. With `all`, everything runs on the first adapter and the GPU tests again on the others.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findAdapters, wishes } from './adapters.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const results = join(root, 'node_modules/.cache/cvnets/test-results.json');

/** Milliseconds of the newest file in a folder. */
const newest = (folder) =>
  Math.max(...readdirSync(folder, { recursive: true }).map((name) => statSync(join(folder, name)).mtimeMs));

/** Builds again what is older than its sources: tests run what ships. */
function buildStale() {
  const outputs = {
    wasm: { files: ['kernels.wasm', 'kernels.shared.wasm', 'imaging.wasm'], sources: ['assembly'] },
    workers: { files: ['wasm-worker.js', 'photo-worker.js'], sources: ['src/devices/wasm', 'src/data', 'src/utils'] },
    bundle: { files: ['dist/cli.js', 'dist/config.browser.js', 'dist/index.browser.js'], sources: ['src', 'shaders'] },
  };
  const oldest = (files) =>
    Math.min(...files.map((name) => statSync(join(root, 'build', name), { throwIfNoEntry: false })?.mtimeMs ?? 0));
  const stale = ({ files, sources }) => sources.some((folder) => oldest(files) < newest(join(root, folder)));
  const steps = Object.keys(outputs).filter((step) => stale(outputs[step]));
  if (steps.length === 0) return;
  const { status } = spawnSync(process.execPath, [join(root, 'build/build.mjs'), ...steps], { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}

/** Runs vitest; returns counts of tests. */
function vitest(projects, options, environment) {
  rmSync(results, { force: true });
  const { status, error } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      ...projects.map((name) => `--project=${name}`),
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${results}`,
      ...options,
    ],
    { cwd: root, stdio: 'inherit', env: { ...process.env, ...environment }, timeout: limit },
  );
  if (error?.code === 'ETIMEDOUT') console.error(`\nThe tests did not end within ${limit / 60_000} minutes.`);
  const report = existsSync(results) ? JSON.parse(readFileSync(results, 'utf8')) : {};
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = report;
  // A file that cannot be loaded fails the run without a failed test: it counts as one.
  const failed = status === 0 ? 0 : Math.max(1, numFailedTests);
  return { passed: numPassedTests, failed, skipped: numPendingTests + numTodoTests };
}

const long = process.argv[2] === 'long';
const options = process.argv.slice(long ? 3 : 2);
const named = options.some((option) => option.startsWith('--project'));
/** Milliseconds after which a run hangs rather than works. */
const limit = (long ? 180 : 20) * 60_000;
const wish = process.env.CVNETS_TEST_ADAPTER || 'auto';

buildStale();
mkdirSync(join(root, 'node_modules/.cache/cvnets'), { recursive: true });
if (!wishes.includes(wish)) {
  console.error(`CVNETS_TEST_ADAPTER is ${wish}: choose one of ${wishes.join(', ')}`);
  process.exit(1);
}
const { found, problems } = findAdapters(wish);
for (const { driver, problem } of problems) console.log(`WebGPU driver ${driver}: not used, ${problem}`);
for (const { driver, name, f16 } of found)
  console.log(`WebGPU adapter (${driver}): ${name}, f16 ${f16 ? 'yes' : 'no'}`);
if (found.length === 0) {
  console.error(
    'No WebGPU adapter works, so the WGSL tests cannot run and the test run fails. On Linux x64, `npm ci` brings one ' +
      '(SwiftShader in @sparticuz/chromium); elsewhere a GPU driver with Vulkan, Metal or Direct3D 12 is needed.',
  );
  process.exit(1);
}

const runs = found.map(({ environment, driver }, i) => {
  const projects = long ? ['long'] : i === 0 ? ['unit', 'gpu', 'browser'] : ['gpu'];
  console.log(`\n${named ? 'chosen' : projects.join(', ')} tests with ${driver}`);
  return vitest(named ? [] : projects, options, environment);
});
const sum = (key) => runs.reduce((total, run) => total + run[key], 0);
const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map(sum);
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
