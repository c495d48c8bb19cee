import type { Block, Extent, LoadedProgram, Operand, Placement, ProgramStep } from '../devices/device.js';
import type { Plan, PlanStep } from '../graph/plan.js';
import type { PlanValue, Storage } from '../graph/values.js';
import { bytesPerElement, dtypeOf, type TypedArray, viewAs } from '../tensor/dtype.js';
import { PlanError, ShapeError } from '../utils/errors.js';
import type { StateStore } from './state-store.js';

/** What a run is given. Arrays of rank 4 are channels-last, as they lie on the device: N,H,W,C. */
export interface Feeds {
  readonly inputs?: Readonly<Record<string, TypedArray>>;
  readonly scalars?: Readonly<Record<string, number>>;
}

/** A plan in the device's memory. */
export class Program {
  #loaded?: LoadedProgram;
  #constants?: Block;
  #pool?: Block;
  readonly #scratch = new Map<string, Uint8Array>();

  constructor(
    readonly plan: Plan,
    readonly states: StateStore,
  ) {}

  /** (Re)binds the plan to the pool and to the states' places. The engine calls it; runs after that allocate nothing. */
  async load(pool: Block): Promise<void> {
    const { device } = this.states;
    this.#loaded?.dispose();
    this.#pool = pool;
    if (!this.#constants && this.plan.constantBytes > 0) {
      const block = device.allocate(this.plan.constantBytes, `${this.plan.name}: constants`);
      this.#constants = block;
      await device.write(
        this.plan.constants.map(({ storage, data }) => ({ to: { block, offset: storage.offset }, data })),
      );
    }
    this.#loaded = await device.load(
      this.plan.steps.map((step) => this.#bind(step)),
      this.plan.name,
    );
  }

  /**
   * Replays the plan once. The promise resolves with the outputs (rank 4: channels-last) when the device has them;
   * the next run may be started before that.
   * Throws ShapeError when a feed is missing, unknown, or of the wrong type or length.
   */
  async run(feeds: Feeds = {}): Promise<Record<string, TypedArray>> {
    const loaded = this.#loaded;
    if (!loaded) throw new PlanError(`${this.plan.name} was disposed`, 'compile it again');
    const uploads = [...this.#inputs(feeds), ...this.#scalars(feeds)].map(([value, data]) => ({
      to: this.#place(value.storage),
      data,
    }));
    const outputs = [...this.plan.outputs];
    const downloads = outputs.map(([, value]) => ({ from: this.#place(value.storage), bytes: value.bytes }));
    const results = await loaded.run(uploads, downloads);
    return Object.fromEntries(outputs.map(([name, value], i) => [name, viewAs(value.dtype, results[i])]));
  }

  dispose(): void {
    this.#loaded?.dispose();
    this.#loaded = undefined;
    if (this.#constants) this.states.device.free(this.#constants);
    this.#constants = undefined;
  }

  *#inputs({ inputs = {} }: Feeds): Generator<[PlanValue, Uint8Array]> {
    refuseUnknown(this.plan.name, 'input', inputs, this.plan.inputs);
    for (const [name, value] of this.plan.inputs) {
      const data = inputs[name];
      const expected = value.bytes / bytesPerElement[value.dtype];
      if (!data || dtypeOf(data) !== value.dtype || data.length !== expected) {
        const got = data ? `${data.length} elements of ${dtypeOf(data)}` : 'nothing';
        throw new ShapeError(
          `${this.plan.name}: input ${name} is ${value.dtype}[${value.shape}] = ${expected} elements, got ${got}`,
        );
      }
      yield [value, new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)];
    }
  }

  *#scalars({ scalars = {} }: Feeds): Generator<[PlanValue, Uint8Array]> {
    refuseUnknown(this.plan.name, 'scalar', scalars, this.plan.scalars);
    for (const [name, value] of this.plan.scalars) {
      const number = scalars[name];
      if (number === undefined || !Number.isFinite(number)) {
        throw new ShapeError(`${this.plan.name}: scalar ${name} is ${number}`, 'give every scalar a finite number');
      }
      let bytes = this.#scratch.get(name);
      if (!bytes) {
        bytes = new Uint8Array(4);
        this.#scratch.set(name, bytes);
      }
      viewAs(value.dtype, bytes)[0] = number;
      yield [value, bytes.slice()];
    }
  }

  #bind({ node, lowering, workspace, constants }: PlanStep): ProgramStep {
    const resolve = ({ of, offset }: Operand): Extent => {
      const storage = of === 'workspace' ? workspace : of === 'constants' ? constants : (of as PlanValue).storage;
      if (!storage) throw new PlanError(`${node.op} points at its ${of as string} but asked for none`);
      const place = this.#place(storage);
      return { block: place.block, offset: place.offset + offset, bytes: storage.bytes - offset };
    };
    return { node, calls: lowering.calls, resolve };
  }

  #place(storage: Storage): Placement {
    if (storage.kind === 'state') return this.states.placementOf(storage.state!)!;
    if (storage.kind === 'constant') return { block: this.#constants!, offset: storage.offset };
    return { block: this.#pool!, offset: (storage.group?.offset ?? 0) + storage.offset };
  }
}

function refuseUnknown(
  program: string,
  kind: string,
  given: Readonly<Record<string, unknown>>,
  known: ReadonlyMap<string, unknown>,
): void {
  for (const name of Object.keys(given)) {
    if (known.has(name)) continue;
    throw new ShapeError(`${program} has no ${kind} ${name}`, `it has: ${[...known.keys()].join(', ') || 'none'}`);
  }
}
