import type { Device } from '../../devices/device.js';
import { openDevice } from '../../devices/open.js';
import { ConfigError } from '../../utils/errors.js';
import { compareWithBaseline, parseRows } from '../bench/baseline.js';
import { type ChildCommand, startSide } from '../bench/child.js';
import { chooseCases } from '../bench/choose.js';
import { benchKernels, benchModels, type Sides, type SuiteContext } from '../bench/compared-suites.js';
import { benchData } from '../bench/data.js';
import { dataPeerPackages } from '../bench/data-peers.js';
import { cells, columns, formatRatio, formatValue } from '../bench/format-row.js';
import { footnote, headlines } from '../bench/headlines.js';
import { benchPage } from '../bench/html.js';
import { kernelCases } from '../bench/kernel-cases.js';
import { benchMemory, defaultMemoryCases } from '../bench/memory.js';
import { modelCases, scalingModelCases } from '../bench/model-cases.js';
import { peersFolder } from '../bench/node-sides.js';
import { observeGpu } from '../bench/observe-gpu.js';
import { peerNames, peers } from '../bench/peers.js';
import { benchResolutions } from '../bench/resolutions.js';
import type { BenchRow } from '../bench/row.js';
import type { Side } from '../bench/side.js';
import { benchBundle, benchProcessStart } from '../bench/startup.js';
import type { CommandContext } from '../context.js';
import { makeTable } from '../table.js';

export interface BenchFlags {
  readonly device: string;
  readonly threads?: string;
  readonly rounds: string;
  readonly filter?: string;
  readonly scaling?: boolean;
  readonly peers?: string;
  readonly python?: string;
  /** Folder of photos for the suite `data`. */
  readonly data?: string;
  /** Files that rows are written to and compared with. */
  readonly json?: string;
  readonly html?: string;
  readonly baseline?: string;
}

/** A suite on one device. */
interface SuiteRun {
  readonly context: CommandContext;
  readonly flags: BenchFlags;
  readonly device: BenchDevice;
  readonly rounds: number;
  note(line: string): void;
  progress(line: string): void;
}

const devices = ['wasm', 'webgpu', 'null'] as const;
type BenchDevice = (typeof devices)[number];

const suites = { kernels, models, memory, data, startup } as const;
type SuiteName = keyof typeof suites;

/** Runs a suite, or all, on each device, prints a table, and writes and compares rows as asked. */
export async function bench(context: CommandContext, name: string | undefined, flags: BenchFlags): Promise<void> {
  const chosen = name === undefined ? (Object.keys(suites) as SuiteName[]) : [suiteNamed(name)];
  const rounds = Number(flags.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new ConfigError(`--rounds is ${flags.rounds}`, 'use 1 or more');
  const { files } = context.platform;
  const baseline = flags.baseline && parseRows(await readText(context, flags.baseline), flags.baseline);
  const notes: string[] = [];
  const note = (line: string): void => {
    notes.push(line);
    context.output.writeError(`${line}\n`);
  };
  const progress = (line: string): void => context.output.writeError(`${line}\n`);
  const rows: BenchRow[] = [];
  for (const device of devicesNamed(flags.device)) {
    for (const suite of chosen) rows.push(...(await suites[suite]({ context, flags, device, rounds, note, progress })));
  }
  const lines = [asTable(rows), ...headlines(rows), ...footnote(rows)];
  context.output.write(`${lines.join('\n')}\n`);
  if (flags.json) await files.write(flags.json, `${JSON.stringify(rows, null, 2)}\n`);
  const comparison = baseline ? compareWithBaseline(rows, baseline) : undefined;
  if (comparison) context.output.write(changes(comparison));
  if (flags.html) {
    const where = `${new Date().toISOString().slice(0, 16)}Z, ${context.platform.cores} cores, Node ${process.version}`;
    await files.write(flags.html, benchPage({ rows, notes, baseline: comparison, where }));
  }
}

function suiteNamed(name: string): SuiteName {
  if (Object.hasOwn(suites, name)) return name as SuiteName;
  throw new ConfigError(`there is no suite ${name}`, `the suites are ${Object.keys(suites).join(', ')}`);
}

function devicesNamed(list: string): BenchDevice[] {
  return list.split(',').map((name) => {
    const device = devices.find((one) => one === name);
    if (!device) throw new ConfigError(`there is no device ${name}`, `the devices are ${devices.join(', ')}`);
    return device;
  });
}

async function readText({ platform }: CommandContext, path: string): Promise<string> {
  return new TextDecoder().decode(await platform.files.read(path));
}

/** Kernels run on the calling thread unless told otherwise: the per-thread figures. */
function kernels(run: SuiteRun): Promise<BenchRow[]> {
  refuseNull(run, 'kernels');
  return benchKernels(chooseCases(kernelCases, run.flags.filter), comparedContext(run, threadsOf(run, 0)));
}

function models(run: SuiteRun): Promise<BenchRow[]> {
  const cases = run.flags.scaling ? scalingModelCases : modelCases;
  const threads = threadsOf(run, run.context.platform.cores);
  return benchModels(chooseCases(cases, run.flags.filter), comparedContext(run, threads));
}

function memory(run: SuiteRun): Promise<BenchRow[]> {
  const { device, progress } = run;
  refuseNull(run, 'memory');
  const open = () => openHere(run);
  return benchMemory(chooseCases(defaultMemoryCases, run.flags.filter), { device, progress, open });
}

function data(run: SuiteRun): Promise<BenchRow[]> {
  const { device, rounds, progress, note, flags, context } = run;
  refuseNull(run, 'data');
  return benchData({
    platform: context.platform,
    data: flags.data,
    device,
    openDevice: () => openHere(run),
    rounds,
    filter: flags.filter,
    peers: peerNames(flags.peers, dataPeerPackages),
    peersFolder: peersFolder(),
    progress,
    note,
  });
}

async function startup(run: SuiteRun): Promise<BenchRow[]> {
  const { device, rounds, progress, context } = run;
  refuseNull(run, 'startup');
  const { now } = context.platform;
  if (device === 'webgpu') await context.platform.gpu();
  const observer = device === 'webgpu' ? observeGpu() : undefined;
  const sizes = [96, 128, 160, 192, 224];
  const open = () => openHere(run);
  progress('new resolutions');
  const resolutions = await benchResolutions({ device, network: 'mobilenetv2', sizes, batch: 8, open, now, observer });
  const command = sideCommand(run, 'cvnets', threadsOf(run, context.platform.cores));
  return [...(await benchProcessStart({ device, command, rounds, now, progress })), ...resolutions, ...benchBundle()];
}

function refuseNull({ device }: SuiteRun, suite: string): void {
  if (device !== 'null') return;
  throw new ConfigError(`the null device computes nothing, so it is none for ${suite}`, 'use it with the suite models');
}

function threadsOf({ flags }: SuiteRun, otherwise: number): number {
  const threads = flags.threads === undefined ? otherwise : Number(flags.threads);
  if (!Number.isInteger(threads) || threads < 0)
    throw new ConfigError(`--threads is ${flags.threads}`, 'use 0 or more');
  return threads;
}

function openHere(run: SuiteRun): Promise<Device> {
  const { context, device } = run;
  const threads = threadsOf(run, context.platform.cores);
  return openDevice(context.platform, { device: device as 'wasm' | 'webgpu', threads, announce: run.note });
}

/** This very program again, as a child that is one side of a comparison. */
function sideCommand({ device }: SuiteRun, library: string, threads: number): ChildCommand {
  const kind = device === 'wasm' ? 'wasm' : 'webgpu';
  return {
    command: process.execPath,
    args: [process.argv[1], 'bench-side', library, '--device', kind, '--threads', `${threads}`],
    // Dawn's backend that accepts everything and computes nothing.
    env: device === 'null' ? { DAWNNODE_BACKEND: 'null' } : undefined,
  };
}

function comparedContext(run: SuiteRun, threads: number): SuiteContext {
  const { device, rounds, note, progress, flags } = run;
  const command = (library: string) => sideCommand(run, library, threads);
  const commands = device === 'null' ? [] : peerCommands(run, threads, command);
  if (device === 'null' && flags.peers) note('--device null has no peers: its results are not those of any network');
  return { device, rounds, note, progress, openSides: () => openSides(command('cvnets'), commands, note) };
}

/** Processes of the peers that are there; the others are named, with what installs them. */
function peerCommands(run: SuiteRun, threads: number, command: (library: string) => ChildCommand): ChildCommand[] {
  const { device, flags, note } = run;
  const request = { device: device as 'wasm' | 'webgpu', threads: Math.max(1, threads), python: flags.python, command };
  return peerNames(flags.peers, peers).flatMap((name) => {
    const { commands, missing } = peers[name](request);
    if (missing) note(missing);
    return commands;
  });
}

async function openSides(
  ours: ChildCommand,
  commands: readonly ChildCommand[],
  note: (line: string) => void,
): Promise<Sides> {
  const opened: Side[] = [];
  for (const command of commands) {
    try {
      opened.push(await startSide(command));
    } catch (error) {
      note(`a peer does not start: ${error instanceof Error ? error.message : error}`);
    }
  }
  return { ours: await startSide(ours), peers: opened };
}

function asTable(rows: readonly BenchRow[]): string {
  const table = makeTable(
    columns,
    columns.map((name) => (['case', 'metric', 'unit', 'peer'].includes(name) ? 'left' : 'right')),
  );
  for (const row of rows) table.push(cells(row));
  return table.toString();
}

function changes({ regressions, improvements, gone, added }: ReturnType<typeof compareWithBaseline>): string {
  const lines = regressions.map(({ row, before, ratio }) => {
    const values = `${formatValue(before, row.unit)} -> ${formatValue(row.ours, row.unit)} ${row.unit}`;
    return `  ${formatRatio(ratio)} ${row.case}, ${row.metric} (${row.device}): ${values}\n`;
  });
  const counts = `${regressions.length} worse, ${improvements.length} better, ${added} new, ${gone} not measured`;
  return `against the baseline: ${counts}\n${lines.join('')}`;
}
