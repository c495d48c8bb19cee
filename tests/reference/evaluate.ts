import { reachableNodes } from '../../src/tensor/reachable.js';
import { sameShape } from '../../src/tensor/shape.js';
import type { State, StateTrace } from '../../src/tensor/state.js';
import type { Node, Tensor } from '../../src/tensor/tensor.js';
import { array, type RefArray, type ReferenceRule } from './array.js';
import { reference } from './index.js';

/** Values of inputs and scalars, by tensor or by name. */
export type Feeds = ReadonlyMap<Tensor | string, RefArray>;

/** Values of `outputs` in float64: every node they depend on, in the order of creation. */
export function evaluate(
  outputs: readonly Tensor[],
  feeds: Feeds = new Map(),
  states: ReadonlyMap<State, RefArray> = new Map(),
): RefArray[] {
  const values = new Map<Tensor, RefArray>();
  for (const node of reachableNodes(outputs)) {
    const inputs = node.inputs.map((tensor) => values.get(tensor)!);
    const results = node.source ? [sourceValue(node, feeds, states)] : rule(node)(inputs, node.attrs);
    node.outputs.forEach((tensor, i) => {
      if (!sameShape(tensor.shape, results[i].shape)) {
        throw new Error(`${tensor}: the operator infers [${tensor.shape}], its definition gives [${results[i].shape}]`);
      }
      values.set(tensor, results[i]);
    });
  }
  return outputs.map((tensor) => values.get(tensor)!);
}

function rule(node: Node): ReferenceRule<unknown> {
  const found = (reference as Readonly<Record<string, unknown>>)[node.op];
  if (!found) throw new Error(`no reference for operator ${node.op}`);
  return found as ReferenceRule<unknown>;
}

function sourceValue(node: Node, feeds: Feeds, states: ReadonlyMap<State, RefArray>): RefArray {
  const source = node.source!;
  const [tensor] = node.outputs;
  const value = source.kind === 'state' ? states.get(source.state) : (feeds.get(tensor) ?? feeds.get(source.name));
  if (!value)
    throw new Error(`no value for ${source.kind} ${source.kind === 'state' ? source.state.name : source.name}`);
  return value;
}

/** Runs whole training steps in float64: keeps the states from step to step and applies what a trace writes. */
export class ReferenceSession {
  readonly states = new Map<State, RefArray>();

  /** The state's value; before the first step what `init` gives. */
  value(state: State): RefArray {
    const known = this.states.get(state);
    if (known) return known;
    const initial = array(state.shape, state.init());
    this.states.set(state, initial);
    return initial;
  }

  /** Evaluates the trace's named results; its writes are visible to the next run. */
  run<T extends Readonly<Record<string, Tensor>>>(
    { result, reads, writes }: StateTrace<T>,
    feeds: Feeds = new Map(),
  ): { [K in keyof T]: RefArray } {
    for (const state of reads.keys()) this.value(state);
    const names = Object.keys(result);
    const values = evaluate([...Object.values(result), ...writes.values()], feeds, this.states);
    [...writes.keys()].forEach((state, i) => {
      this.states.set(state, values[names.length + i]);
    });
    return Object.fromEntries(names.map((name, i) => [name, values[i]])) as { [K in keyof T]: RefArray };
  }
}
