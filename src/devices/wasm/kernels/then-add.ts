import type { Lowering, Operand, Value } from '../../device.js';
import type { WasmCall, WasmTarget } from '../kernel.js';
import { lowerBinary } from './binary.js';

/** Tables of a lowering start at multiples of this. */
const ALIGNMENT = 16;

/** After `lowering`, which computes y: y += summand, in place. */
export function thenAdd(
  lowering: Lowering<WasmCall>,
  summand: Value,
  y: Value,
  scope: string,
  target: WasmTarget,
): Lowering<WasmCall> {
  const node = { op: 'binary', attrs: { kind: 'add' }, inputs: [y, summand], outputs: [y], scope } as const;
  const sum = lowerBinary(node, target);
  const own = lowering.constants?.length ?? 0;
  const start = Math.ceil(own / ALIGNMENT) * ALIGNMENT;
  const constants = new Uint8Array(start + (sum.constants?.length ?? 0));
  constants.set(lowering.constants ?? []);
  constants.set(sum.constants ?? [], start);
  return { ...lowering, constants, calls: [...lowering.calls, ...sum.calls.map((call) => moved(call, start))] };
}

/** The call with its tables `start` bytes further on. */
function moved({ kernel, args }: WasmCall, start: number): WasmCall {
  const move = (value: Operand | number | null) =>
    typeof value === 'object' && value?.of === 'constants' ? { ...value, offset: value.offset + start } : value;
  return { kernel, args: Object.fromEntries(Object.entries(args).map(([name, value]) => [name, move(value)])) };
}
