import { at, type Operand, type Value } from '../../device.js';
import { groupOffsets } from '../../group.js';
import { linearWorkgroups, type WebgpuTarget } from '../kernel.js';
import { elements } from './lanes.js';

/** Elements that one workgroup handles: four vectors an invocation. */
const CHUNK = 4096;

const CHUNK_BYTES = 16;

/** Bindings start at multiples of this many bytes. */
const BINDING = 256;

interface Chunk {
  readonly start: number;
  readonly length: number;
  readonly tensor: number;
}

/** Numbers of each tensor that the table repeats for each of its chunks. */
export interface PerTensor {
  readonly weightDecay: readonly number[];
  readonly lrMultiplier: readonly number[];
}

/** One launch over a part of the block that fits into a binding; normally there is only one. */
export interface BlockWindow {
  readonly chunks: number;
  /** Chunks of the windows before this one. */
  readonly first: number;
  readonly table: Operand & { readonly bytes: number };
  readonly workgroups: [number, number, number];
  /** This part of a list, given the list's first tensor. */
  list(first: Value): Operand & { readonly bytes: number };
}

export interface Block {
  readonly windows: readonly BlockWindow[];
  /** All chunks of all windows. */
  readonly chunks: number;
  /** The number 1 for scalars that are left out, then the table of each window. */
  readonly constants: Uint8Array;
}

/** Where the constants hold a 1. */
export const ONE: Operand & { readonly bytes: number } = { ...at('constants'), bytes: 4 };

/** How a multi-tensor kernel walks lists that look like `members`: one block each, cut into chunks of one tensor. */
export function block(members: readonly Value[], target: WebgpuTarget, perTensor?: PerTensor): Block {
  const { offsets } = groupOffsets(members);
  const chunks = members.flatMap((member, tensor): Chunk[] => {
    const size = elements(member);
    return Array.from({ length: Math.ceil(size / CHUNK) }, (_, i) => ({
      start: offsets[tensor] + i * CHUNK,
      length: Math.min(CHUNK, size - i * CHUNK),
      tensor,
    }));
  });

  const parts = split(chunks, target.limits.maxStorageBufferBindingSize / 4);
  const starts: number[] = [];
  let bytes = BINDING;
  for (const part of parts) {
    starts.push(bytes);
    bytes += Math.ceil((part.length * CHUNK_BYTES) / BINDING) * BINDING;
  }
  const constants = new DataView(new ArrayBuffer(bytes));
  constants.setFloat32(0, 1, true);

  let first = 0;
  const windows = parts.map((part, w): BlockWindow => {
    const origin = part[0].start;
    part.forEach(({ start, length, tensor }, i) => {
      const row = starts[w] + i * CHUNK_BYTES;
      constants.setUint32(row, start - origin, true);
      constants.setUint32(row + 4, length, true);
      constants.setFloat32(row + 8, perTensor?.weightDecay[tensor] ?? 0, true);
      constants.setFloat32(row + 12, perTensor?.lrMultiplier[tensor] ?? 1, true);
    });
    const { start, length } = part[part.length - 1];
    const span = Math.ceil((start + length - origin) / 4) * 16;
    const window = {
      chunks: part.length,
      first,
      table: { ...at('constants', starts[w]), bytes: part.length * CHUNK_BYTES },
      workgroups: linearWorkgroups(part.length, 1, target),
      list: (value: Value) => ({ ...at(value, origin * 4), bytes: span }),
    };
    first += part.length;
    return window;
  });
  return { windows, chunks: chunks.length, constants: new Uint8Array(constants.buffer) };
}

/** Runs of chunks that each span at most `most` elements. */
function split(chunks: readonly Chunk[], most: number): Chunk[][] {
  const parts: Chunk[][] = [];
  for (const chunk of chunks) {
    const part = parts[parts.length - 1];
    if (part && chunk.start + CHUNK - part[0].start <= most) part.push(chunk);
    else parts.push([chunk]);
  }
  return parts;
}
