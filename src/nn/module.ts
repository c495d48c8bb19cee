import type { Shape } from '../tensor/shape.js';
import { readState, type State, writeState } from '../tensor/state.js';
import { type Tensor, withScope } from '../tensor/tensor.js';
import { CvnetsError } from '../utils/errors.js';
import type { Initializer } from './init.js';

/** What differs between the traces of one network. */
export interface ForwardContext {
  readonly training: boolean;
  /** u32 scalar, another one each step: what random layers count with. */
  readonly dropoutCounter: Tensor;
  /** Seed of the random layers. */
  readonly seed: number;
}

/** Layers whose initialisation a configuration may choose. */
export type LayerFamily = 'conv' | 'linear';

export interface ParameterOptions {
  /** Buffers, such as running statistics, are not trained. */
  readonly role?: 'parameter' | 'buffer';
  readonly family?: LayerFamily;
}

/** A tensor that a layer owns. `initialize` gives it a name and a state. */
export class Parameter {
  /** Parameters that are not trainable get no gradient. */
  trainable: boolean;
  /** Factor of the learning rate. */
  lrMultiplier = 1;
  readonly role: 'parameter' | 'buffer';
  readonly family?: LayerFamily;
  #state?: State;

  constructor(
    readonly shape: Shape,
    readonly init: Initializer,
    { role = 'parameter', family }: ParameterOptions = {},
  ) {
    this.role = role;
    this.family = family;
    this.trainable = role === 'parameter';
  }

  get state(): State {
    if (this.#state) return this.#state;
    throw new CvnetsError(`a parameter [${this.shape}] has no value yet`, 'call initialize(model, { seed }) first');
  }

  bind(state: State): void {
    this.#state = state;
  }

  read(): Tensor {
    return readState(this.state);
  }

  write(value: Tensor): void {
    writeState(this.state, value);
  }
}

export type Part = Module | Parameter;

/**
 * A layer or a network. Its parts are the modules and parameters among its fields, arrays and records of them
 * included; field names are state-dict names, so they are snake_case where CVNets' are.
 */
export abstract class Module {
  #name = '';
  /** Evaluates in training too: norms keep their statistics, random layers do nothing. */
  frozen = false;

  /** The layer's equation. Callers use `call`, which also tells nodes and errors which layer they belong to. */
  abstract forward(x: Tensor, context: ForwardContext): Tensor;

  call(x: Tensor, context: ForwardContext): Tensor {
    const own = this.frozen && context.training ? { ...context, training: false } : context;
    return withScope(this.#name, () => this.forward(x, own));
  }

  /** Direct parts by name; parts of arrays and records are called `field.index` and `field.key`. */
  parts(): [name: string, part: Part][] {
    return Object.entries(this).flatMap(([field, value]) => partsOf(field, value));
  }

  /** Tells each module below how its parent calls it. */
  nameParts(): void {
    for (const [name, part] of this.parts()) {
      if (!(part instanceof Module)) continue;
      part.#name = name;
      part.nameParts();
    }
  }
}

function partsOf(name: string, value: unknown): [string, Part][] {
  if (value instanceof Module || value instanceof Parameter) return [[name, value]];
  if (typeof value !== 'object' || value === null) return [];
  const isRecord = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  if (!isRecord) return [];
  return Object.entries(value).flatMap(([key, inner]) => partsOf(`${name}.${key}`, inner));
}

/** Every module below `root` with its full path, `root` first under the empty path. */
export function* namedModules(root: Module, path = ''): Generator<[path: string, module: Module]> {
  yield [path, root];
  for (const [name, part] of root.parts()) {
    if (part instanceof Module) yield* namedModules(part, path ? `${path}.${name}` : name);
  }
}

/** Every parameter and buffer below `root` by state-dict name, in order of declaration. */
export function namedParameters(root: Module): Map<string, Parameter> {
  const result = new Map<string, Parameter>();
  for (const [path, module] of namedModules(root)) {
    for (const [name, part] of module.parts()) {
      if (part instanceof Parameter) result.set(path ? `${path}.${name}` : name, part);
    }
  }
  return result;
}
