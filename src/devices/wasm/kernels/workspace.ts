import { at, type Operand } from '../../device.js';

const ALIGNMENT = 64;

export const align = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** Hands out pieces of a node's scratch memory. */
export class Workspace {
  bytes = 0;

  take(bytes: number): Operand {
    const piece = at('workspace', this.bytes);
    this.bytes += align(bytes) + ALIGNMENT; // kernels may read 64 bytes past a piece
    return piece;
  }
}

/** Moves an operand by whole elements of 4 bytes. */
export const shifted = (operand: Operand, elements: number): Operand => at(operand.of, operand.offset + elements * 4);

/** Bytes of one float a channel, in whole vectors. */
export const channelLine = (channels: number): number => Math.ceil(channels / 4) * 16;
