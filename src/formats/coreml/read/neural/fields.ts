import { fromHalf } from '../../../half.js';
import type { ProtoField } from '../../../protobuf/reader.js';
import { countOf, fail, type Operand } from '../operation.js';

/** The fields of a message by number, with what proto3 gives where one is missing. */
export class Fields {
  readonly #fields = new Map<number, ProtoField[]>();

  constructor(fields: Iterable<ProtoField> = []) {
    for (const field of fields) {
      const known = this.#fields.get(field.number);
      if (known) known.push(field);
      else this.#fields.set(field.number, [field]);
    }
  }

  /** Numbers of the fields that are there. */
  get numbers(): number[] {
    return [...this.#fields.keys()];
  }

  int(number: number): number {
    return this.#last(number)?.int() ?? 0;
  }

  flag(number: number): boolean {
    return this.int(number) !== 0;
  }

  float(number: number): number {
    return this.#last(number)?.float() ?? 0;
  }

  text(number: number): string {
    return this.#last(number)?.string() ?? '';
  }

  texts(number: number): string[] {
    return this.#all(number).map((field) => field.string());
  }

  ints(number: number): number[] {
    return this.#all(number).flatMap((field) => field.ints());
  }

  /** `fallback` where the list is empty. */
  intsOr(number: number, fallback: readonly number[]): readonly number[] {
    const values = this.ints(number);
    return values.length > 0 ? values : fallback;
  }

  message(number: number): Fields {
    return new Fields(this.#last(number)?.message());
  }

  messages(number: number): Fields[] {
    return this.#all(number).map((field) => new Fields(field.message()));
  }

  has(number: number): boolean {
    return this.#fields.has(number);
  }

  /** Weights of either precision. Throws FormatError when there are more or fewer than `shape` has. */
  weights(number: number, shape: readonly number[], what: string): Operand {
    const message = this.message(number);
    const data = message.has(2) ? halves(message.bytes(2)) : singles(message.bytes(1));
    if (data.length !== countOf(shape)) fail(`${what} has ${data.length} numbers, needed are ${shape.join('x')}`);
    const bad = data.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) fail(`${what} holds ${data[bad]} at ${bad}`);
    return { dtype: 'fp32', shape, data };
  }

  bytes(number: number): Uint8Array {
    return this.#last(number)?.bytes() ?? new Uint8Array(0);
  }

  #last(number: number): ProtoField | undefined {
    return this.#fields.get(number)?.at(-1);
  }

  #all(number: number): readonly ProtoField[] {
    return this.#fields.get(number) ?? [];
  }
}

function singles(bytes: Uint8Array): Float32Array {
  if (bytes.length % 4) fail(`${bytes.length} bytes are no floats`);
  return new Float32Array(bytes.slice().buffer);
}

function halves(bytes: Uint8Array): Float32Array {
  if (bytes.length % 2) fail(`${bytes.length} bytes are no halves`);
  return fromHalf(new Uint16Array(bytes.slice().buffer));
}
