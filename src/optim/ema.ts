import { ema } from '../ops/index.js';
import { State } from '../tensor/state.js';
import { ShapeError } from '../utils/errors.js';
import { readAll, writeAll } from './optimizer.js';

export interface EmaOptions {
  /** Weight of the new value [1e-4]. */
  readonly momentum?: number;
}

/**
 * Exponential moving averages of a network's states; they start as copies. `trained` are the optimizer's parameters
 * in its order, `others` the running statistics and whatever else an evaluation reads.
 */
export class Ema {
  /** The average of each state. */
  readonly averages: ReadonlyMap<State, State>;
  readonly #lists: readonly (readonly State[])[];

  constructor(
    trained: readonly State[],
    others: readonly State[],
    private readonly options: EmaOptions = {},
  ) {
    this.#lists = [trained, others].filter((list) => list.length > 0);
    this.averages = new Map(
      [...trained, ...others].map((state) => {
        if (state.dtype !== 'f32')
          throw new ShapeError(`ema got the state ${state.name} ${state.dtype}, but needs f32`);
        return [state, new State(`ema.${state.name}`, state.shape, 'ema', state.init)];
      }),
    );
  }

  /** Appends the move of all averages to the trace; call it after the optimizer's update. */
  update(): void {
    const { momentum = 1e-4 } = this.options;
    for (const list of this.#lists) {
      const averages = list.map((state) => this.averages.get(state)!);
      writeAll(averages, ema(readAll(list), readAll(averages), momentum));
    }
  }
}
