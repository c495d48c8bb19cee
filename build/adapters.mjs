// Finds WebGPU adapters for the tests: the machine's own, lavapipe, or SwiftShader out of @sparticuz/chromium.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { extractSwiftShader, packagedBinariesRun } from './extract.mjs';

const probe = fileURLToPath(new URL('probe.mjs', import.meta.url));

function lavapipeEnvironment() {
  for (const folder of ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d', '/usr/local/share/vulkan/icd.d']) {
    const name = existsSync(folder) && readdirSync(folder).find((file) => /^lvp_icd.*\.json$/.test(file));
    if (name) return { VK_ICD_FILENAMES: join(folder, name) };
  }
  throw new Error('no lvp_icd.json: install mesa-vulkan-drivers, version 25 or newer');
}

function swiftShaderEnvironment() {
  if (!packagedBinariesRun) throw new Error('its package holds binaries for Linux on x64 only');
  const folder = extractSwiftShader();
  const libraries = [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter);
  return { LD_LIBRARY_PATH: libraries, VK_ICD_FILENAMES: join(folder, 'vk_swiftshader_icd.json') };
}

/** Variables that must be set before a Node process starts, for Dawn in it to find the driver. */
const environments = {
  system: () => ({}),
  lavapipe: lavapipeEnvironment,
  swiftshader: swiftShaderEnvironment,
};

/** What CVNETS_TEST_ADAPTER may be. */
export const wishes = ['auto', 'all', ...Object.keys(environments)];

/** Tries a driver in a process of its own: `{ driver, environment, name, software, f16 }`, or `{ driver, problem }`. */
export function tryDriver(driver) {
  let environment;
  try {
    environment = environments[driver]();
  } catch (error) {
    return { driver, problem: error.message };
  }
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [probe], {
    env: { ...process.env, ...environment },
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (status === 0) return { driver, environment, ...JSON.parse(stdout) };
  const last = stderr.trim().split('\n').at(-1);
  const reasons = { 2: 'it gives no adapter', 3: 'a shader gave a wrong result' };
  return { driver, problem: reasons[status] ?? `the process ended with ${signal ?? status}: ${last}` };
}

/**
 * @param wish `auto`: the first of the machine's own adapter, lavapipe and SwiftShader that works; `all`: SwiftShader
 *   and lavapipe as far as they work; otherwise a driver's name.
 * @returns the adapters to use, and the drivers that did not work with the reason.
 */
export function findAdapters(wish) {
  const candidates = { auto: ['system', 'lavapipe', 'swiftshader'], all: ['swiftshader', 'lavapipe'] }[wish] ?? [wish];
  const found = [];
  const problems = [];
  for (const driver of candidates) {
    const tried = tryDriver(driver);
    if (tried.problem) problems.push(tried);
    else found.push(tried);
    if (wish === 'auto' && found.length > 0) break;
  }
  return { found, problems };
}
