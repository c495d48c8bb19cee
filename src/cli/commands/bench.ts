import { type DeviceChoice, openDevice } from '../../devices/open.js';
import { createWasmDevice } from '../../devices/wasm/device.js';
import { ConfigError } from '../../utils/errors.js';
import { benchKernels } from '../bench/kernels.js';
import { benchModels } from '../bench/models.js';
import type { BenchRow } from '../bench/row.js';
import type { CommandContext, DeviceFlags } from '../context.js';
import { makeTable } from '../table.js';

export interface BenchFlags extends Omit<DeviceFlags, 'json'> {
  readonly rounds: string;
  readonly filter?: string;
  /** File for the rows. */
  readonly json?: string;
}

const suites = { kernels, models } as const;

/** Times a suite and prints a table; `--json FILE` keeps the rows. */
export async function bench(context: CommandContext, suite: string, flags: BenchFlags): Promise<void> {
  if (!Object.hasOwn(suites, suite)) {
    throw new ConfigError(`there is no suite ${suite}`, `the suites are ${Object.keys(suites).join(', ')}`);
  }
  const rounds = Number(flags.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new ConfigError(`--rounds is ${flags.rounds}`, 'use 1 or more');
  const rows = await suites[suite as keyof typeof suites](context, flags, rounds);
  context.output.write(`${asTable(rows)}\n`);
  if (flags.json) await context.platform.files.write(flags.json, `${JSON.stringify(rows, null, 2)}\n`);
}

/** Kernels are timed on the wasm device: by default on one thread, the calling one. */
function kernels({ platform }: CommandContext, { threads = '0', filter }: BenchFlags, rounds: number) {
  return benchKernels(platform, { threads: Number(threads), rounds, filter });
}

function models({ platform, output }: CommandContext, flags: BenchFlags, rounds: number): Promise<BenchRow[]> {
  const threads = flags.threads === undefined ? platform.cores : Number(flags.threads);
  const open = () =>
    flags.device === undefined || flags.device === 'wasm'
      ? createWasmDevice(platform, { threads })
      : openDevice(platform, {
          device: flags.device as DeviceChoice,
          threads,
          announce: (line) => output.writeError(`${line}\n`),
        });
  return benchModels(open, { rounds, filter: flags.filter, now: platform.now });
}

function asTable(rows: readonly BenchRow[]): string {
  const table = makeTable(
    ['case', 'metric', 'ours', 'unit', 'limit', 'of limit', 'spread'],
    ['left', 'left', 'right', 'left', 'right', 'right', 'right'],
  );
  const percent = (value?: number): string => (value === undefined ? '' : `${(100 * value).toFixed(0)} %`);
  for (const row of rows) {
    const digits = row.unit === 'bytes' ? 0 : 1;
    table.push([
      row.case,
      row.metric,
      row.ours.toFixed(digits),
      row.unit,
      row.limit?.toFixed(digits) ?? '',
      percent(row.fraction_of_limit),
      percent(row.spread),
    ]);
  }
  return table.toString();
}
