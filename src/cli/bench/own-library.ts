import type { Device } from '../../devices/device.js';
import { type DeviceChoice, openDevice } from '../../devices/open.js';
import { createWasmDevice } from '../../devices/wasm/device.js';
import { buildPlan } from '../../graph/plan.js';
import { copy, fill } from '../../ops/index.js';
import type { Platform } from '../../platform/platform.js';
import { Engine, trace } from '../../scheduler/engine.js';
import type { Program } from '../../scheduler/program.js';
import { allocate, type TypedArray } from '../../tensor/dtype.js';
import { defaultLayout, toLogical } from '../../tensor/layout.js';
import { size } from '../../tensor/shape.js';
import { readState, State } from '../../tensor/state.js';
import type { BuiltCase } from './bench-case.js';
import { findCase } from './cases.js';
import { fillWith } from './fill.js';
import { fingerprint } from './fingerprint.js';
import type { KernelCase } from './kernel-cases.js';
import { type MultiplyAddProbe, wasmProbe, webgpuProbe } from './limits.js';
import type { GpuObserver } from './observe-gpu.js';
import { softwareMark } from './row.js';
import { type Library, type Runner, timeRuns } from './runner.js';
import type { BenchTask } from './side.js';

export interface OwnOptions {
  readonly device: DeviceChoice;
  /** Threads of the wasm device; 0 is the calling thread. */
  readonly threads: number;
  readonly observer?: GpuObserver;
}

/** On a GPU, a short kernel is issued so often in a row: a submit costs more than it does. */
const GPU_REPEATS = 50;

/** Our own engine. Each case gets a device of its own, so that the memory is that of the case. */
export async function ownLibrary(platform: Platform, options: OwnOptions): Promise<Library> {
  let opened: Device | undefined = await open(platform, options);
  const { kind, description } = opened;
  const software = softwareMark(description).software === true;
  let probe: Promise<MultiplyAddProbe> | undefined;
  return {
    name: 'cvnets',
    adapter: description,
    software,
    async build(task) {
      const engine = new Engine(opened ?? (await open(platform, options)));
      opened = undefined;
      try {
        const found = findCase(task.suite, task.name);
        if (task.suite !== 'kernels') return await prepare(engine, found.build(), task, { repeats: 1, platform });
        probe ??= kind === 'wasm' ? wasmProbe(platform, options.threads) : webgpuProbe(platform);
        const repeats = kind === 'webgpu' && !software && options.observer ? GPU_REPEATS : 1;
        const limits = { kernel: found as KernelCase, probe: await probe };
        return await prepare(engine, found.build(), task, { limits, repeats, platform, observer: options.observer });
      } catch (error) {
        await engine.close();
        throw error;
      }
    },
    async close() {
      await opened?.close();
      (await probe)?.close();
    },
  };
}

function open(platform: Platform, { device, threads }: OwnOptions): Promise<Device> {
  return device === 'wasm' ? createWasmDevice(platform, { threads }) : openDevice(platform, { device, threads });
}

interface Context {
  readonly limits?: { readonly kernel: KernelCase; readonly probe: MultiplyAddProbe };
  readonly repeats: number;
  readonly platform: Platform;
  readonly observer?: GpuObserver;
}

async function prepare(engine: Engine, built: BuiltCase, task: BenchTask, context: Context): Promise<Runner> {
  const { limits, repeats, observer, platform } = context;
  const budget = built.memoryShare && built.memoryShare * buildPlan(task.name, built.trace, engine.device).memory.total;
  const program = await engine.compile(task.name, built.trace, { budget });
  for (const [state, values] of built.fills) {
    await engine.writeState(state, fillWith(values, allocate(state.dtype, size(state.shape))));
  }
  const finish = await fence(engine);
  const measured =
    limits && limits.kernel.bytes > 0 ? await kernelLimits(engine, limits, finish, platform.now) : undefined;
  let runs = 0;
  const run = (read: readonly string[]) => program.run(built.feeds(program, runs++), read);
  const repeated = async (times: number): Promise<unknown> => {
    if (observer) observer.repeats = times;
    try {
      return await run(built.read);
    } finally {
      if (observer) observer.repeats = 1;
    }
  };
  return {
    repeats,
    run: repeats > 1 ? () => repeated(repeats) : () => run(built.read),
    // A run that reads its results has waited already.
    finish: built.read.length > 0 ? async () => {} : finish,
    check: async () => compared(program, await run(built.read.length > 0 ? built.read : ['result'])),
    limits: measured,
    facts: async () => ({ planned: program.plan.memory.total, counted: engine.memory.peakBytes }),
    close: () => engine.close(),
  };
}

/** A loss as it is; tensors as fingerprints. */
function compared(program: Program, results: Readonly<Record<string, TypedArray>>): number[] {
  return Object.entries(results).flatMap(([name, data]) => {
    const { shape } = program.plan.outputs.get(name)!;
    return data.length === 1 ? [data[0]] : fingerprint(toLogical(data, shape, defaultLayout(shape.length)));
  });
}

const F32_BYTES = 4;
const LIMIT_SHARE = 0.5;

/** Waits for what the device has been given. Reading back is the only wait there is; on wasm a run is done when it resolves. */
async function fence(engine: Engine): Promise<() => Promise<unknown>> {
  if (engine.device.kind === 'wasm') return async () => {};
  const program = await engine.compile(
    'fence',
    trace(() => ({ done: fill([], 1) })),
  );
  return () => program.run();
}

/** The probe and a copy of as many bytes, each timed half as long as the kernel. */
async function kernelLimits(
  engine: Engine,
  { kernel: { name, bytes }, probe }: NonNullable<Context['limits']>,
  finish: () => Promise<unknown>,
  now: () => number,
): Promise<NonNullable<Runner['limits']>> {
  const elements = Math.ceil(bytes / 2 / F32_BYTES);
  const source = new State(`${name}: copied`, [1, elements], 'buffer', () => new Float32Array(elements).fill(1));
  const program = await engine.compile(
    `${name}: copy`,
    trace(() => ({ copied: copy(readState(source)) })),
  );
  const copying = { run: () => program.run({}, []), finish };
  return async (minimum) => {
    const share = minimum * LIMIT_SHARE;
    const peak = probe.flops / (await timeRuns(probe, share, now)) / 1e6;
    return { peak, copy: bytes / (await timeRuns(copying, share, now)) / 1e6 };
  };
}
