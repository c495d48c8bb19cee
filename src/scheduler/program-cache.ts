import type { ProgramTrace } from '../graph/lower.js';
import type { TensorSpec } from '../tensor/tensor.js';
import type { Engine } from './engine.js';
import type { Program } from './program.js';

/** Shapes and dtypes of a program's inputs, by name. */
export type InputSpecs = Readonly<Record<string, TensorSpec>>;

export interface ProgramCacheOptions {
  /** `train`, `eval`, ...: part of the key and of the program's name. */
  readonly mode: string;
  /** Records the program for these input shapes. Called once a key. */
  readonly trace: (inputs: InputSpecs) => ProgramTrace;
  /** Whatever else changes the program: which parameters are trainable, precision, memory budget. */
  readonly variant?: () => string;
}

/** One program for each set of input shapes; all share the engine's states and its one pool. */
export class ProgramCache {
  readonly #programs = new Map<string, Promise<Program>>();

  constructor(
    readonly engine: Engine,
    readonly options: ProgramCacheOptions,
  ) {}

  /** Makes all the plans of a sampler's table at once, before the first step: the pool is sized once. */
  async prepare(tables: readonly InputSpecs[]): Promise<void> {
    const fresh = new Map(tables.map((inputs) => [this.key(inputs), inputs]));
    for (const key of this.#programs.keys()) fresh.delete(key);
    const sources = [...fresh].map(([key, inputs]) => ({ name: key, trace: this.options.trace(inputs) }));
    if (sources.length === 0) return;
    const compiled = this.engine.compileAll(sources);
    sources.forEach(({ name }, i) => {
      this.#programs.set(
        name,
        compiled.then((programs) => programs[i]),
      );
    });
    try {
      await compiled;
    } catch (error) {
      for (const { name } of sources) this.#programs.delete(name);
      throw error;
    }
  }

  async get(inputs: InputSpecs): Promise<Program> {
    const key = this.key(inputs);
    if (!this.#programs.has(key)) await this.prepare([inputs]);
    return this.#programs.get(key)!;
  }

  /** Everything that changes the plan: mode, numerics profile, variant, all input shapes and dtypes. */
  key(inputs: InputSpecs): string {
    const { mode, variant } = this.options;
    const shapes = Object.keys(inputs)
      .sort()
      .map((name) => `${name}:${inputs[name].dtype}[${inputs[name].shape}]`);
    return [mode, this.engine.device.numerics, variant?.() ?? 'f32', ...shapes].join(' ');
  }
}
