import { openDevice } from '../../devices/open.js';
import type { Platform } from '../../platform/platform.js';
import { ConfigError } from '../../utils/errors.js';
import { chooseCases } from './choose.js';
import { benchKernels, benchModels, type Sides, type SuiteContext } from './compared-suites.js';
import { fillWith } from './fill.js';
import { fingerprint } from './fingerprint.js';
import { kernelCases } from './kernel-cases.js';
import { benchMemory, defaultMemoryCases } from './memory.js';
import { modelCases, scalingModelCases } from './model-cases.js';
import { type GpuObserver, observeGpu } from './observe-gpu.js';
import { ownLibrary } from './own-library.js';
import type { PeerModule } from './peer-module.js';
import { benchResolutions } from './resolutions.js';
import type { BenchRow } from './row.js';
import { type Host, LibrarySide } from './runner.js';

export interface PageBenchOptions {
  readonly suite: string;
  readonly device: 'wasm' | 'webgpu';
  /** Threads of the wasm device; 0 is the calling one. */
  readonly threads: number;
  readonly rounds: number;
  readonly filter?: string;
  readonly scaling?: boolean;
  /** Peers' modules by name: `bench/*.mjs`, bundled. */
  readonly peers: ReadonlyMap<string, () => Promise<PeerModule>>;
  /** Versions of the peers' packages. */
  readonly versions: Readonly<Record<string, string>>;
  progress(line: string): void;
  note(line: string): void;
}

const suites: Readonly<Record<string, (platform: Platform, options: PageBenchOptions) => Promise<BenchRow[]>>> = {
  kernels: async (platform, options) => {
    return benchKernels(chooseCases(kernelCases, options.filter), await contextOf(platform, options));
  },
  models: async (platform, options) => {
    const cases = options.scaling ? scalingModelCases : modelCases;
    return benchModels(chooseCases(cases, options.filter), await contextOf(platform, options));
  },
  memory(platform, { device, filter, threads, progress }) {
    const open = () => openDevice(platform, { device, threads });
    return benchMemory(chooseCases(defaultMemoryCases, filter), { device, progress, open });
  },
  async startup(platform, { device, threads }) {
    const { now } = platform;
    const observer = device === 'webgpu' ? observeGpu() : undefined;
    const open = () => openDevice(platform, { device, threads });
    return benchResolutions({ device, network: 'mobilenetv2', sizes: [96, 128, 160], batch: 8, open, now, observer });
  },
};

/**
 * The suites of `cvnets bench` in a page's worker, with the same rows. Peers run in the same worker, in turn with us.
 * Throws ConfigError for a suite that pages do not have.
 */
export function benchInPage(platform: Platform, options: PageBenchOptions): Promise<BenchRow[]> {
  if (!Object.hasOwn(suites, options.suite)) {
    const known = Object.keys(suites).join(', ');
    throw new ConfigError(`there is no suite ${options.suite} in pages`, `the suites are ${known}`);
  }
  return suites[options.suite](platform, options);
}

async function contextOf(platform: Platform, options: PageBenchOptions): Promise<SuiteContext> {
  const { device, rounds, progress, note } = options;
  const observer = device === 'webgpu' ? observeGpu() : undefined;
  const host: Host = { now: () => platform.now(), observer };
  return { device, rounds, progress, note, openSides: () => openSides(platform, options, host, observer) };
}

async function openSides(
  platform: Platform,
  { device, threads, peers, versions, note }: PageBenchOptions,
  host: Host,
  observer: GpuObserver | undefined,
): Promise<Sides> {
  const opened: LibrarySide[] = [];
  const onnxModel = () => Promise.reject(new ConfigError('ONNX files are a matter of Node', 'run `npx cvnets bench`'));
  const kind = device === 'webgpu' ? 'webgpu' : 'cpu';
  for (const [name, load] of peers) {
    try {
      const module = await load();
      const tools = { device: kind, threads: 1, versions, onnxModel, fillWith, fingerprint } as const;
      opened.push(new LibrarySide(await module.open(tools), host));
    } catch (error) {
      note(`${name} does not start: ${error instanceof Error ? error.message : error}`);
    }
  }
  const ours = new LibrarySide(await ownLibrary(platform, { device, threads, observer }), host);
  return { ours, peers: opened };
}
