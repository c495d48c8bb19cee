import { COPY_DST, type GpuBuffers } from './buffers.js';
import type { GpuProgram } from './program.js';

const QUERY_RESOLVE = 0x200;
const COPY_SRC = 0x4;
const MAP_READ = 0x1;
const READ_MODE = 0x1;
const TIMESTAMP_BYTES = 8;
/** Query sets end at 4096 entries; each dispatch takes two. */
const MOST_COMMANDS = 2048;

/**
 * Runs a program with every dispatch in a pass of its own between two timestamps. Needs the feature `timestamp-query`.
 * @returns milliseconds of each dispatch, in order
 */
export async function timeCommands(buffers: GpuBuffers, program: GpuProgram): Promise<number[]> {
  const times: number[] = [];
  for (let first = 0; first < program.commands.length; first += MOST_COMMANDS) {
    times.push(...(await timeRange(buffers, program, first, Math.min(first + MOST_COMMANDS, program.commands.length))));
  }
  return times;
}

async function timeRange(buffers: GpuBuffers, program: GpuProgram, first: number, end: number): Promise<number[]> {
  const { device } = buffers;
  const count = 2 * (end - first);
  const size = count * TIMESTAMP_BYTES;
  const querySet = device.createQuerySet({ type: 'timestamp', count });
  const resolved = buffers.create({ label: 'timestamps', size, usage: QUERY_RESOLVE | COPY_SRC });
  const readable = buffers.create({ label: 'timestamps', size, usage: MAP_READ | COPY_DST });
  const encoder = device.createCommandEncoder();
  for (let i = first; i < end; i++) {
    const at = 2 * (i - first);
    const timestampWrites = { querySet, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
    program.encode(encoder, i, i + 1, { timestampWrites });
  }
  encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, readable, 0, size);
  device.queue.submit([encoder.finish()]);
  await readable.mapAsync(READ_MODE);
  const nanoseconds = new BigUint64Array(readable.getMappedRange().slice(0));
  buffers.destroy(resolved);
  buffers.destroy(readable);
  querySet.destroy();
  return Array.from({ length: end - first }, (_, i) => Number(nanoseconds[2 * i + 1] - nanoseconds[2 * i]) / 1e6);
}
