import type { Block, Extent, LoadedProgram, Operand, Placement, ProgramStep } from '../devices/device.js';
import type { PlanNode } from '../graph/lower.js';
import type { Plan, PlanStep } from '../graph/plan.js';
import type { PlanValue, Storage } from '../graph/values.js';
import type { HostAttrs } from '../ops/host.js';
import { bytesPerElement, dtypeOf, type TypedArray, viewAs } from '../tensor/dtype.js';
import { PlanError, ShapeError } from '../utils/errors.js';
import type { StateStore } from './state-store.js';
import type { Turns } from './turns.js';

/** What a run is given. Arrays of rank 4 are channels-last, as they lie on the device: N,H,W,C. */
export interface Feeds {
  readonly inputs?: Readonly<Record<string, TypedArray>>;
  readonly scalars?: Readonly<Record<string, number>>;
}

/** Device work up to a host node (or to the end of the plan). */
interface Segment {
  readonly loaded: LoadedProgram;
  readonly host?: PlanNode;
}

/** A plan in the device's memory. */
export class Program {
  #segments: Segment[] = [];
  #constants?: Block;
  #pool?: Block;

  constructor(
    readonly plan: Plan,
    readonly states: StateStore,
    readonly turns: Turns,
  ) {}

  /** (Re)binds the plan to the pool and to the states' places. The engine calls it; runs after that allocate nothing. */
  async load(pool: Block): Promise<void> {
    const { device } = this.states;
    this.#unload();
    this.#pool = pool;
    if (!this.#constants && this.plan.memory.constants > 0) {
      const block = device.allocate(this.plan.memory.constants, `${this.plan.name}: constants`);
      this.#constants = block;
      await device.write(
        this.plan.constants.map(({ storage, data }) => ({ to: { block, offset: storage.offset }, data })),
      );
    }
    for (const part of splitAtHostNodes(this.plan.steps)) {
      const loaded = await device.load(
        part.steps.map((step) => this.#bind(step)),
        this.plan.name,
      );
      this.#segments.push({ loaded, host: part.host });
    }
  }

  /**
   * Replays the plan once. The promise resolves with the outputs named in `read` (default: all; rank 4:
   * channels-last) when the device has them; the next run may be started before that.
   * Throws ShapeError when a feed is missing, unknown, or of the wrong type or length.
   */
  async run(feeds: Feeds = {}, read?: readonly string[]): Promise<Record<string, TypedArray>> {
    if (this.#segments.length === 0) throw new PlanError(`${this.plan.name} was disposed`, 'compile it again');
    const first = [...this.#inputs(feeds), ...this.#scalars(feeds)];
    const outputs = [...this.plan.outputs].filter(([name]) => !read || read.includes(name));
    return this.turns.take(async (release) => {
      const values = outputs.map(([, value]) => value);
      const last = this.#segments.at(-1)!;
      let uploads = first;
      for (const { loaded, host } of this.#segments.slice(0, -1)) {
        const operands = await this.#replay(loaded, uploads, host!.inputs);
        uploads = await callHost(host!, operands);
      }
      const results = this.#replay(last.loaded, uploads, values);
      release();
      return Object.fromEntries((await results).map((data, i) => [outputs[i][0], data]));
    });
  }

  /** The plan's steps with addresses, for profilers: valid until states or the pool move. */
  boundSteps(): ProgramStep[] {
    return this.plan.steps.map((step) => this.#bind(step));
  }

  async #replay(
    loaded: LoadedProgram,
    uploads: readonly (readonly [PlanValue, Uint8Array])[],
    downloads: readonly PlanValue[],
  ): Promise<TypedArray[]> {
    const results = await loaded.run(
      uploads.map(([value, data]) => ({ to: this.#placeValue(value), data })),
      downloads.map((value) => ({ from: this.#placeValue(value), bytes: value.bytes })),
    );
    return results.map((bytes, i) => viewAs(downloads[i].dtype, bytes));
  }

  dispose(): void {
    this.#unload();
    if (this.#constants) this.states.device.free(this.#constants);
    this.#constants = undefined;
  }

  *#inputs({ inputs = {} }: Feeds): Generator<[PlanValue, Uint8Array]> {
    refuseUnknown(this.plan.name, 'input', inputs, this.plan.inputs);
    for (const [name, value] of this.plan.inputs) {
      yield [value, checkedBytes(this.plan.name, `input ${name}`, value, inputs[name])];
    }
  }

  *#scalars({ scalars = {} }: Feeds): Generator<[PlanValue, Uint8Array]> {
    refuseUnknown(this.plan.name, 'scalar', scalars, this.plan.scalars);
    for (const [name, value] of this.plan.scalars) {
      const number = scalars[name];
      if (number === undefined || !Number.isFinite(number)) {
        throw new ShapeError(`${this.plan.name}: scalar ${name} is ${number}`, 'give every scalar a finite number');
      }
      const bytes = new Uint8Array(4);
      viewAs(value.dtype, bytes)[0] = number;
      yield [value, bytes];
    }
  }

  #bind({ node, lowering, workspace, constants }: PlanStep): ProgramStep {
    const own = { workspace, constants };
    const resolve = ({ of, offset }: Operand): Extent => {
      const target = typeof of === 'string' ? own[of] : (of as PlanValue);
      if (!target) throw new PlanError(`${node.op} points at its ${of as string} but asked for none`);
      const place = 'storage' in target ? this.#placeValue(target) : this.#place(target);
      return { block: place.block, offset: place.offset + offset, bytes: target.bytes - offset };
    };
    return { node, calls: lowering.calls, resolve };
  }

  #placeValue({ storage, offset }: PlanValue): Placement {
    const place = this.#place(storage);
    return { block: place.block, offset: place.offset + offset };
  }

  #unload(): void {
    for (const { loaded } of this.#segments) loaded.dispose();
    this.#segments = [];
  }

  #place(storage: Storage): Placement {
    if (storage.kind === 'state') return this.states.placementOf(storage.state!)!;
    if (storage.kind === 'constant') return { block: this.#constants!, offset: storage.offset };
    return { block: this.#pool!, offset: (storage.group?.offset ?? 0) + storage.offset };
  }
}

function splitAtHostNodes(steps: readonly PlanStep[]): { steps: PlanStep[]; host?: PlanNode }[] {
  const parts: { steps: PlanStep[]; host?: PlanNode }[] = [{ steps: [] }];
  for (const step of steps) {
    const part = parts.at(-1)!;
    if (step.node.op === 'host') {
      part.host = step.node;
      parts.push({ steps: [] });
    } else part.steps.push(step);
  }
  return parts;
}

/** Calls the function of a host node; its results become uploads. */
async function callHost(node: PlanNode, operands: readonly TypedArray[]): Promise<[PlanValue, Uint8Array][]> {
  const { name, run } = node.attrs as HostAttrs;
  const results = await run(operands);
  return node.outputs.map((value, i) => [value, checkedBytes(`host node ${name}`, `output ${i}`, value, results[i])]);
}

/** The bytes of `data`, which must have the value's type and length. */
function checkedBytes(owner: string, what: string, value: PlanValue, data: TypedArray | undefined): Uint8Array {
  const expected = value.bytes / bytesPerElement[value.dtype];
  if (!data || dtypeOf(data) !== value.dtype || data.length !== expected) {
    const got = data ? `${data.length} elements of ${dtypeOf(data)}` : 'nothing';
    throw new ShapeError(
      `${owner}: ${what} is ${value.dtype}[${value.shape}] = ${expected} elements, got ${got}`,
      'convert it to that type and length',
    );
  }
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
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
