import { defaultLayout } from '../../tensor/layout.js';
import type { KernelNode, Span, Value } from '../device.js';
import type { SectionRole, WasmCall } from './kernel.js';

/** Below this, tensors stay in the caches from one kernel to the next anyway. */
const MIN_TENSOR_BYTES = 1536 << 10;
/** Below this, an image is too little work between two calls. */
const MIN_IMAGE_BYTES = 48 << 10;
/** With fewer images for each thread, an image more or less is too much of a difference. */
const MIN_IMAGES_EACH = 8;
const MAX_IMAGES = 0xffff;

/**
 * The images of a section that a call may join whose kernel shares its work out in `units` equal units an image:
 * undefined when a unit belongs to two images, or when a section is not worth it. `tensors` are what it reads and
 * writes image by image.
 */
export function imagesOf(tensors: readonly Value[], units: number, threads: number): SectionRole | undefined {
  const images = tensors[0].shape[0];
  const whole = tensors.every(
    ({ shape, layout, offset = 0 }) =>
      shape.length === 4 && shape[0] === images && offset === 0 && layout.join() === defaultLayout(4).join(),
  );
  const bytes = Math.max(...tensors.map((value) => value.bytes));
  const large = bytes >= MIN_TENSOR_BYTES && bytes >= MIN_IMAGE_BYTES * images;
  const even = images % threads === 0 || images >= MIN_IMAGES_EACH * threads;
  const fits = Number.isInteger(units) && images > 1 && images <= MAX_IMAGES;
  return whole && large && even && fits ? images : undefined;
}

/** A node of a program and its calls. */
export interface SectionStep {
  readonly node: KernelNode;
  readonly calls: readonly WasmCall[];
}

/** A call in the order of the tape. */
export interface TapeCall<S extends SectionStep> {
  readonly step: S;
  readonly call: WasmCall;
  /** It goes on with the section of the call before. */
  readonly continues: boolean;
}

export interface Sections<S extends SectionStep> {
  readonly calls: readonly TapeCall<S>[];
  /** First and last step of every section: what they use must stay apart in memory, for they run interleaved. */
  readonly spans: Span[];
}

interface Entry<S> {
  readonly step: S;
  readonly call: WasmCall;
  readonly position: number;
}

/** A section that is being gathered. */
class Section<S extends SectionStep> {
  readonly #before: Entry<S>[] = [];
  readonly #parts: Entry<S>[] = [];
  readonly #after: Entry<S>[] = [];
  /** `before` calls that no part has followed yet. */
  readonly #pending: Entry<S>[] = [];
  readonly #written = new Set<unknown>();
  readonly #late = new Set<unknown>();

  constructor(readonly images: number) {}

  /** False when the call cannot be moved into the section. */
  add(entry: Entry<S>): boolean {
    const { call, step } = entry;
    const operands = Object.values(call.args).map((arg) => (typeof arg === 'object' ? arg?.of : undefined));
    if (call.section === 'after') {
      this.#after.push(entry);
      for (const output of step.node.outputs) this.#late.add(output);
    } else if (call.section === 'before') {
      if (operands.some((value) => this.#written.has(value))) return false;
      this.#pending.push(entry);
    } else {
      if (call.section !== this.images || operands.some((value) => this.#late.has(value))) return false;
      this.#before.push(...this.#pending.splice(0));
      this.#parts.push(entry);
    }
    for (const output of step.node.outputs) this.#written.add(output);
    return true;
  }

  close(calls: TapeCall<S>[], spans: Span[]): void {
    const plain = (entries: readonly Entry<S>[]) => {
      for (const { step, call } of entries) calls.push({ step, call, continues: false });
    };
    plain(this.#before);
    for (const [i, { step, call }] of this.#parts.entries()) calls.push({ step, call, continues: i > 0 });
    plain(this.#after);
    plain(this.#pending);
    const all = [...this.#before, ...this.#parts, ...this.#after].map(({ position }) => position);
    if (this.#parts.length > 1) spans.push([Math.min(...all), Math.max(...all)]);
  }
}

/**
 * Gathers calls that follow each other and depend on each other image by image only into sections: a thread then takes
 * an image through all of them while it is in the cache. Preparing calls move in front, finishing calls behind.
 */
export function findSections<S extends SectionStep>(steps: readonly S[]): Sections<S> {
  const calls: TapeCall<S>[] = [];
  const spans: Span[] = [];
  let open: Section<S> | undefined;
  for (const [position, step] of steps.entries()) {
    for (const call of step.calls) {
      const entry = { step, call, position };
      if (open && call.section !== undefined && open.add(entry)) continue;
      open?.close(calls, spans);
      open = typeof call.section === 'number' ? new Section(call.section) : undefined;
      if (!open?.add(entry)) calls.push({ step, call, continues: false });
    }
  }
  open?.close(calls, spans);
  return { calls, spans };
}
