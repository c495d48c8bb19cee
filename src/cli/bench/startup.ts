import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packageRoot } from '../../platform/node.js';
import { type ChildCommand, startSide } from './child.js';
import { modelCase } from './model-cases.js';
import type { BenchRow } from './row.js';
import { summarize } from './statistics.js';

export interface StartupOptions {
  readonly device: string;
  readonly command: ChildCommand;
  readonly rounds: number;
  now(): number;
  progress(line: string): void;
}

const started = [
  { network: 'small-cnn', size: 32, batch: 32 },
  { network: 'mobilenetv2', size: 96, batch: 16 },
] as const;

/** From the start of a process until its device is open, and until the loss of its first training step is there. */
export async function benchProcessStart(options: StartupOptions): Promise<BenchRow[]> {
  const { device, command, rounds, now, progress } = options;
  const rows: BenchRow[] = [];
  for (const spec of started) {
    const model = modelCase({ ...spec, mode: 'training step' });
    progress(`start, ${model.name}`);
    const task = { suite: 'models', name: model.name, checks: 1, graph: model.build().graph };
    const [opened, stepped]: number[][] = [[], []];
    let shared: Pick<BenchRow, 'suite' | 'case' | 'device' | 'adapter' | 'software'> | undefined;
    let pipelines: number | undefined;
    for (let round = 0; round < rounds; round++) {
      const start = now();
      const side = await startSide(command);
      opened.push(now() - start);
      await side.prepare(task);
      stepped.push(now() - start);
      ({ pipelines } = await side.facts());
      const { adapter, software } = side;
      shared = { suite: 'startup', case: model.name, device, adapter, ...(software && { software }) };
      await side.close();
    }
    for (const [metric, values] of [
      ['process start to open device', opened],
      ['process start to first step', stepped],
    ] as const) {
      const { median, best, spread } = summarize(values);
      rows.push({ ...shared!, metric, unit: 'ms', ours: median, best, spread });
    }
    if (pipelines) rows.push({ ...shared!, metric: 'pipelines compiled', unit: 'count', ours: pipelines });
  }
  return rows;
}

const shipped = {
  'browser bundle': 'dist/index.browser.js',
  'kernels.wasm': 'kernels.wasm',
  'imaging.wasm': 'imaging.wasm',
} as const;

/** Bytes that a page loads: as they are, and through gzip. */
export function benchBundle(): BenchRow[] {
  const build = join(packageRoot(), 'build');
  return Object.entries(shipped).flatMap(([name, path]): BenchRow[] => {
    const files = withChunks(join(build, path)).map((file) => readFileSync(file));
    const sum = (sizes: readonly number[]): number => sizes.reduce((total, bytes) => total + bytes, 0);
    const shared = { suite: 'startup', case: name, device: '', adapter: '', unit: 'bytes' } as const;
    return [
      { ...shared, metric: 'size', ours: sum(files.map(({ byteLength }) => byteLength)) },
      { ...shared, metric: 'size, gzip', ours: sum(files.map((file) => gzipSync(file).byteLength)) },
    ];
  });
}

/** A bundle and the chunks beside it that it loads. */
function withChunks(entry: string): string[] {
  const files = new Set([entry]);
  for (const file of files) {
    if (!file.endsWith('.js')) continue;
    for (const [, name] of readFileSync(file, 'utf8').matchAll(/from\s*"\.\/([\w.-]+\.js)"/g)) {
      files.add(join(file, '..', name));
    }
  }
  return [...files];
}
