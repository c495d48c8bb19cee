import type { Block, Device } from '../devices/device.js';
import type { ProgramTrace } from '../graph/lower.js';
import { buildPlan, type Plan } from '../graph/plan.js';
import type { TypedArray } from '../tensor/dtype.js';
import { type State, type StateTrace, traceStates } from '../tensor/state.js';
import type { Tensor } from '../tensor/tensor.js';
import { Program } from './program.js';
import { StateStore } from './state-store.js';
import { Turns } from './turns.js';

/** What a program computes, recorded once. `outputs` are read back after every run. */
export type TraceBody = () => Readonly<Record<string, Tensor>>;

/** Records the outputs of `body` and the states that it reads and writes; goes on from `previous` when given. */
export function trace(body: TraceBody, previous?: StateTrace<unknown>): ProgramTrace {
  return traceStates(body, previous);
}

export interface ProgramSource {
  readonly name: string;
  readonly trace: ProgramTrace;
  /** Most bytes that the program may need on the device; default: the engine's. */
  readonly budget?: number;
}

export interface EngineOptions {
  /** Most bytes that any program may need on the device. Activations are computed twice where that is what it takes. */
  readonly memoryBudget?: number;
}

/** One device, the states that live on it, and the programs that share them and one pool of memory. */
export class Engine {
  readonly states: StateStore;
  readonly #programs = new Set<Program>();
  readonly #turns = new Turns();
  /** Compilations move states and the pool, so they take turns. */
  #compiling: Promise<unknown> = Promise.resolve();
  #pool?: Block;

  constructor(
    readonly device: Device,
    readonly options: EngineOptions = {},
  ) {
    this.states = new StateStore(device);
  }

  /** Plans and loads one program. */
  async compile(name: string, traced: ProgramTrace, options: Pick<ProgramSource, 'budget'> = {}): Promise<Program> {
    return (await this.compileAll([{ name, trace: traced, ...options }]))[0];
  }

  /** Plans and loads several programs; the pool is sized once, to the largest. */
  compileAll(sources: readonly ProgramSource[]): Promise<Program[]> {
    const compiled = this.#compiling.then(() => this.#compile(sources));
    this.#compiling = compiled.catch(() => {});
    return compiled;
  }

  async #compile(sources: readonly ProgramSource[]): Promise<Program[]> {
    const plans = sources.map(({ name, trace, budget = this.options.memoryBudget }) =>
      buildPlan(name, trace, this.device, { budget }),
    );
    let stale = false;
    for (const plan of plans) stale = (await this.states.place(plan.slabs, plan.states.keys())) || stale;
    stale = this.#growPool(Math.max(...plans.map((plan) => plan.memory.pool))) || stale;
    const programs = plans.map((plan) => new Program(plan, this.states, this.#turns));
    for (const program of stale ? [...this.#programs, ...programs] : programs) await program.load(this.#pool!);
    for (const program of programs) this.#programs.add(program);
    return programs;
  }

  /** Drops a program; its states stay. */
  release(program: Program): void {
    program.dispose();
    this.#programs.delete(program);
  }

  /** Values of a state in logical row-major order. */
  readState(state: State): Promise<TypedArray> {
    return this.states.read(state);
  }

  writeState(state: State, values: TypedArray): Promise<void> {
    return this.states.write(state, values);
  }

  /** Of all programs that are loaded. */
  get plans(): Plan[] {
    return [...this.#programs].map(({ plan }) => plan);
  }

  /** Bytes on the device now, and the most there ever were. */
  get memory(): { readonly bytes: number; readonly peakBytes: number } {
    return this.device.memory;
  }

  async close(): Promise<void> {
    for (const program of this.#programs) program.dispose();
    this.#programs.clear();
    this.states.dispose();
    if (this.#pool) this.device.free(this.#pool);
    this.#pool = undefined;
    await this.device.close();
  }

  /** True when the pool moved, so that every loaded program must be bound again. */
  #growPool(bytes: number): boolean {
    if (this.#pool && this.#pool.bytes >= bytes) return false;
    if (this.#pool) this.device.free(this.#pool);
    this.#pool = this.device.allocate(bytes, 'pool');
    return this.#programs.size > 0;
  }
}
