import type { Tensor } from '../tensor/tensor.js';
import { type ForwardContext, Module } from './module.js';

/** Modules in a row. Their names are the record's keys, or their positions; what is false or undefined is left out. */
export class Sequential extends Module {
  readonly #modules: readonly (readonly [string, Module])[];

  constructor(modules: Readonly<Record<string, Module | false | undefined>> | readonly Module[]) {
    super();
    this.#modules = Object.entries(modules).filter((entry): entry is [string, Module] => Boolean(entry[1]));
  }

  override parts(): [string, Module][] {
    return this.#modules.map(([name, module]) => [name, module]);
  }

  forward(x: Tensor, context: ForwardContext): Tensor {
    return this.#modules.reduce((value, [, module]) => module.call(value, context), x);
  }
}
