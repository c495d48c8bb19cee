import type { Block, Device, Placement } from '../devices/device.js';
import { groupOffsets, STATE_ALIGNMENT } from '../devices/group.js';
import { bytesPerElement, type TypedArray, viewAs } from '../tensor/dtype.js';
import { defaultLayout, toLogical, toPhysical } from '../tensor/layout.js';
import { size } from '../tensor/shape.js';
import type { State } from '../tensor/state.js';
import { PlanError, ShapeError } from '../utils/errors.js';

/** Where the states live on the device. All programs of an engine share them. */
export class StateStore {
  readonly #placements = new Map<State, Placement>();
  readonly #slabs: Block[] = [];

  constructor(readonly device: Device) {}

  get states(): State[] {
    return [...this.#placements.keys()];
  }

  placementOf(state: State): Placement | undefined {
    return this.#placements.get(state);
  }

  /**
   * Gives memory and initial values to the states that have none; each list becomes a slab with its members as
   * neighbours. Returns true when states that already had a place were moved, so loaded programs are stale.
   */
  async place(slabs: readonly (readonly State[])[], loose: Iterable<State>): Promise<boolean> {
    let moved = false;
    for (const slab of [...slabs].sort((a, b) => b.length - a.length)) {
      if (this.#areNeighbours(slab)) continue;
      moved = (await this.#makeSlab(slab)) || moved;
    }
    const rest = [...loose].filter((state) => !this.#placements.has(state));
    if (rest.length > 0) await this.#makeSlab(rest);
    return moved;
  }

  async read(state: State): Promise<TypedArray> {
    const from = this.#require(state);
    const [bytes] = await this.device.read([{ from, bytes: byteLength(state) }]);
    return toLogical(viewAs(state.dtype, bytes), state.shape, defaultLayout(state.shape.length));
  }

  /** Values in logical row-major order. Throws ShapeError when their number or type does not fit. */
  async write(state: State, values: TypedArray): Promise<void> {
    await this.device.write([{ to: this.#require(state), data: encode(state, values) }]);
  }

  /** Frees the device memory. */
  dispose(): void {
    for (const block of this.#slabs) this.device.free(block);
    this.#placements.clear();
  }

  #require(state: State): Placement {
    const placement = this.#placements.get(state);
    if (!placement) throw new PlanError(`${state.name} is on no device yet`, 'compile a program that uses it first');
    return placement;
  }

  #areNeighbours(slab: readonly State[]): boolean {
    const first = this.#placements.get(slab[0]);
    const { offsets } = groupOffsets(slab);
    return slab.every((state, i) => {
      const place = this.#placements.get(state);
      return place && place.block === first?.block && place.offset === first.offset + offsets[i] * 4;
    });
  }

  async #makeSlab(states: readonly State[]): Promise<boolean> {
    const offsets: number[] = [];
    let total = 0;
    for (const state of states) {
      offsets.push(total);
      total += Math.ceil(byteLength(state) / STATE_ALIGNMENT) * STATE_ALIGNMENT;
    }
    const block = this.device.allocate(total, `states ${states[0].name}…`);
    this.#slabs.push(block);
    const kept = await Promise.all(states.map(async (s) => (this.#placements.has(s) ? this.read(s) : undefined)));
    const uploads = states.map((state, i) => {
      const to = { block, offset: offsets[i] };
      this.#placements.set(state, to);
      return { to, data: encode(state, kept[i] ?? state.init()) };
    });
    await this.device.write(uploads);
    return kept.some(Boolean);
  }
}

function byteLength(state: State): number {
  return size(state.shape) * bytesPerElement[state.dtype];
}

function encode(state: State, values: TypedArray): Uint8Array {
  if (values.length !== size(state.shape)) {
    throw new ShapeError(
      `${state.name} [${state.shape}] has ${size(state.shape)} elements, got ${values.length}`,
      'check that the checkpoint belongs to this model',
    );
  }
  const physical = toPhysical(values, state.shape, defaultLayout(state.shape.length));
  return new Uint8Array(physical.buffer as ArrayBuffer, physical.byteOffset, physical.byteLength);
}
