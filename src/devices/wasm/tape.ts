import { DeviceError } from '../../utils/errors.js';
import type { ProgramStep } from '../device.js';
import type { HeapBlock } from './heap.js';
import type { WasmCall } from './kernel.js';
import { findSections } from './sections.js';

const FIELD_BYTES = 4;
const ENTRY_BYTES = 8;

export interface Tape {
  readonly calls: number;
  readonly bytes: number;
  /** The tape as it must lie at `address`: pairs (word, pointer to arguments), then the argument records. */
  encode(address: number): Uint8Array;
}

/** Length of the tape of these calls. */
export function tapeBytes(calls: readonly WasmCall[]): number {
  const fields = calls.reduce((sum, { kernel }) => sum + Object.keys(kernel.fields).length, 0);
  return calls.length * ENTRY_BYTES + fields * FIELD_BYTES;
}

/** Writes a program the way `run` in assembly/kernels/run.ts reads it. */
export function encodeTape(steps: readonly ProgramStep<WasmCall>[], slots: ReadonlyMap<string, number>): Tape {
  const { calls: entries } = findSections(steps);
  const bytes = tapeBytes(entries.map(({ call }) => call));
  return {
    calls: entries.length,
    bytes,
    encode(address) {
      const view = new DataView(new ArrayBuffer(bytes));
      let record = entries.length * ENTRY_BYTES;
      entries.forEach(({ step, call, continues }, i) => {
        view.setUint32(i * ENTRY_BYTES, word(call, continues, slots), true);
        view.setUint32(i * ENTRY_BYTES + 4, address + record, true);
        for (const [field, type] of Object.entries(call.kernel.fields)) {
          writeField(view, record, type, call, field, step);
          record += FIELD_BYTES;
        }
      });
      return new Uint8Array(view.buffer);
    },
  };
}

/** The word of a call, as `run` reads it: slot, whether it continues a section, images. */
function word(call: WasmCall, continues: boolean, slots: ReadonlyMap<string, number>): number {
  const images = typeof call.section === 'number' ? call.section : 0;
  return images * 2 ** 16 + (continues ? 2 ** 15 : 0) + slotOf(call, slots);
}

function slotOf({ kernel }: WasmCall, slots: ReadonlyMap<string, number>): number {
  const slot = slots.get(kernel.name);
  if (slot === undefined) {
    throw new DeviceError(`kernels.wasm exports no ${kernel.name}`, 'build it again: npm run build');
  }
  return slot;
}

function writeField(
  view: DataView,
  at: number,
  type: 'ptr' | 'i32' | 'f32',
  call: WasmCall,
  field: string,
  step: ProgramStep,
): void {
  const value = call.args[field];
  if (value === undefined) throw new DeviceError(`${call.kernel.name}: the argument ${field} is missing`);
  if (value === null) view.setUint32(at, 0, true);
  else if (typeof value === 'object') {
    const { block, offset } = step.resolve(value);
    view.setUint32(at, (block as HeapBlock).address + offset, true);
  } else if (type === 'f32') view.setFloat32(at, value, true);
  else view.setInt32(at, value, true);
}
