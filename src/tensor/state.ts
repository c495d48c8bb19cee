import type { DType, TypedArray } from './dtype.js';
import type { Shape } from './shape.js';
import { makeNode, type Tensor } from './tensor.js';

/** Why a state exists: checkpoints, the optimizer and the EMA choose by it. */
export type StateRole = 'parameter' | 'buffer' | 'optimizer' | 'ema';

/**
 * Something that lives from step to step: a parameter, momentum, running statistics.
 * A trace reads it and may write it; writes are ordered (see `Trace`), and only the last one lands in place.
 */
export class State {
  constructor(
    /** Unique path such as `layer_1.mv2_block_0.block.exp_1x1.block.conv.weight`. */
    readonly name: string,
    readonly shape: Shape,
    readonly role: StateRole,
    /** Values before the first step, in logical row-major order. Called once, when a device first needs them. */
    readonly init: () => TypedArray,
    readonly dtype: DType = 'f32',
  ) {}
}

interface TraceFrame {
  readonly current: Map<State, Tensor>;
  readonly reads: Map<State, Tensor>;
}

const frames: TraceFrame[] = [];

/** What a trace recorded: the first read of each state and its last value. */
export interface StateTrace<T> {
  readonly result: T;
  /** The tensors that stand for the states' values before the step. */
  readonly reads: ReadonlyMap<State, Tensor>;
  /** States that were written, with their final value. */
  readonly writes: ReadonlyMap<State, Tensor>;
}

/**
 * Runs `body` and records which states it reads and writes. With `previous`, the trace goes on where that one ended:
 * a rewritten forward pass, say, that the backward pass is now added to.
 */
export function traceStates<T>(body: () => T, previous?: StateTrace<unknown>): StateTrace<T> {
  const frame: TraceFrame = {
    current: new Map([...(previous?.reads ?? []), ...(previous?.writes ?? [])]),
    reads: new Map(previous?.reads ?? []),
  };
  frames.push(frame);
  try {
    const result = body();
    const writes = new Map([...frame.current].filter(([state, value]) => frame.reads.get(state) !== value));
    return { result, reads: frame.reads, writes };
  } finally {
    frames.pop();
  }
}

function frame(): TraceFrame {
  const top = frames.at(-1);
  if (!top) throw new Error('states are read and written inside a trace; call trace(() => ...)');
  return top;
}

/** The state's value at this point of the trace: what the last write in program order left. */
export function readState(state: State): Tensor {
  const top = frame();
  let value = top.current.get(state);
  if (!value) {
    value = makeNode('source', null, [], [{ shape: state.shape, dtype: state.dtype }], { kind: 'state', state })
      .outputs[0];
    top.reads.set(state, value);
    top.current.set(state, value);
  }
  return value;
}

/** Makes `value` what later reads of `state` in this trace see. */
export function writeState(state: State, value: Tensor): void {
  readState(state);
  frame().current.set(state, value);
}
