import type { Device, KernelNode, Lowering } from '../devices/device.js';
import { STATE_ALIGNMENT } from '../devices/group.js';
import type { State } from '../tensor/state.js';
import { PlanError } from '../utils/errors.js';
import { planWithin, type RecomputePrice } from './budget.js';
import { placeConcats } from './concat.js';
import { assignGroups } from './groups.js';
import { assignInPlace } from './in-place.js';
import { copyNode, lowerGraph, opOf, type PlanGraph, type PlanNode, type ProgramTrace } from './lower.js';
import { Lifetimes } from './memory.js';
import { foldGradientSums } from './passes/fold-sums.js';
import { splitWindows } from './passes/windows.js';
import { rewriteTrace } from './rewrite.js';
import { makeValue, type PlanValue, poolStorage, type Storage } from './values.js';

export interface PlanStep {
  readonly node: PlanNode;
  readonly lowering: Lowering<unknown>;
  readonly workspace?: Storage;
  readonly constants?: Storage;
  readonly flops: number;
  /** Bytes that the operator reads and writes at least once. */
  readonly bytes: number;
}

/** A compiled program for one device and one set of shapes; the engine gives its blocks addresses. */
export interface Plan {
  readonly name: string;
  readonly steps: readonly PlanStep[];
  readonly inputs: ReadonlyMap<string, PlanValue>;
  readonly scalars: ReadonlyMap<string, PlanValue>;
  readonly outputs: ReadonlyMap<string, PlanValue>;
  readonly states: ReadonlyMap<State, PlanValue>;
  /** Lists of states that must be neighbours in memory. */
  readonly slabs: readonly (readonly State[])[];
  readonly constants: readonly { readonly storage: Storage; readonly data: Uint8Array }[];
  readonly memory: PlanMemory;
  /** What the plan would need without a memory budget, when activations are computed twice to meet one. */
  readonly recomputed?: RecomputePrice;
}

export interface PlanOptions {
  /** Most bytes that the program may need on the device: `PlanMemory.total`. */
  readonly budget?: number;
}

/** Bytes on the device while the program runs, known before anything is allocated. */
export interface PlanMemory {
  readonly states: number;
  /** Activations, gradients and scratch: the plan's need of the pool that all programs share. */
  readonly pool: number;
  readonly constants: number;
  /** The program itself, and the way back of its results. */
  readonly program: number;
  readonly total: number;
}

/**
 * Plans a trace for a device: windows, fusion, recompute, layouts, in-place updates, groups, kernels, memory. Nothing is
 * allocated yet. Throws PlanError for what does not fit.
 */
export function buildPlan(name: string, trace: ProgramTrace, device: Device, { budget }: PlanOptions = {}): Plan {
  const limits = { maxBytes: device.maxOperandBytes, alignment: device.alignment };
  const windowed = rewriteTrace(trace, (roots) => splitWindows(roots, limits));
  const folded = rewriteTrace(windowed, foldGradientSums);
  const plan = planTrace(name, folded, device);
  if (budget === undefined) return plan;
  // Calls that run interleaved keep all that they use alive for longer.
  return planWithin(plan, folded, budget, (changed) => planTrace(name, changed, device, device.apart));
}

function planTrace(name: string, trace: ProgramTrace, device: Device, change?: Device['apart']): Plan {
  const graph = lowerGraph(trace, { maxBytes: device.maxOperandBytes, alignment: device.alignment });
  placeConcats(graph, device.alignment);
  assignInPlace(graph);
  const slabs = assignGroups(graph);
  if (device.exclusiveOperands) separateOperands(graph);

  const constants: { storage: Storage; data: Uint8Array }[] = [];
  let constantBytes = 0;
  const keep = (storage: Storage, data: Uint8Array): void => {
    storage.offset = constantBytes;
    constants.push({ storage, data });
    constantBytes += Math.ceil(data.byteLength / device.alignment) * device.alignment;
  };
  const steps = graph.nodes.map((node) => planStep(node, device, keep, change));
  for (const { storage } of [...steps.flatMap(({ node }) => node.inputs), ...graph.outputs.values()]) {
    if (storage.kind === 'constant' && storage.offset < 0) {
      const data = storage.data!;
      keep(storage, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  }
  checkSizes(steps, device);
  return {
    name,
    steps,
    inputs: graph.inputs,
    scalars: graph.scalars,
    outputs: graph.outputs,
    states: graph.states,
    slabs,
    constants,
    memory: memoryOf(graph, steps, constantBytes, device),
  };
}

function memoryOf(graph: PlanGraph, steps: readonly PlanStep[], constants: number, device: Device): PlanMemory {
  const specs = [...graph.states.values()];
  const states = specs.reduce((sum, { bytes }) => sum + Math.ceil(bytes / STATE_ALIGNMENT) * STATE_ALIGNMENT, 0);
  const pool = Math.max(assignMemory(graph, steps, device), device.alignment);
  const outputs = [...graph.outputs.values()].map(({ bytes }) => bytes);
  const program = device.programBytes(steps.flatMap(({ lowering }) => lowering.calls)) + device.readBackBytes(outputs);
  return { states, pool, constants, program, total: states + pool + constants + program };
}

function planStep(
  node: PlanNode,
  device: Device,
  keep: (storage: Storage, data: Uint8Array) => void,
  change: (call: unknown) => unknown = (call) => call,
): PlanStep {
  const lowered: Lowering<unknown> = node.op === 'host' ? { calls: [] } : device.lower(node as KernelNode);
  const lowering = { ...lowered, calls: lowered.calls.map((call) => change(call)) };
  let constants: Storage | undefined;
  if (lowering.constants) {
    constants = { kind: 'constant', bytes: lowering.constants.byteLength, offset: -1 };
    keep(constants, lowering.constants);
  }
  const touched = [...node.inputs, ...node.outputs].reduce((sum, value) => sum + value.bytes, 0);
  return {
    node,
    lowering,
    workspace: lowering.workspace ? poolStorage(lowering.workspace) : undefined,
    constants,
    flops: opOf(node.op).cost?.(node.inputs, node.outputs, node.attrs).flops ?? 0,
    bytes: touched,
  };
}

/** A device that may not bind the same memory twice in one call gets a copy of the second operand. */
function separateOperands(graph: PlanGraph): void {
  const nodes: PlanNode[] = [];
  for (const node of graph.nodes) {
    const seen: PlanValue[] = [];
    node.inputs.forEach((value, i) => {
      if (seen.some((other) => overlap(other, value))) {
        const copy = makeValue(value.name, value.shape, value.dtype, undefined, value.layout);
        nodes.push(copyNode(value, copy, node.scope));
        node.inputs[i] = copy;
      }
      seen.push(node.inputs[i]);
    });
    nodes.push(node);
  }
  graph.nodes = nodes;
}

function overlap(a: PlanValue, b: PlanValue): boolean {
  return a.storage === b.storage && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

function checkSizes(steps: readonly PlanStep[], device: Device): void {
  for (const { node } of steps) {
    for (const value of [...node.inputs, ...node.outputs]) {
      if (value.bytes <= device.maxOperandBytes) continue;
      const rows = value.shape[0] ?? 1;
      const fits = Math.floor(device.maxOperandBytes / (value.bytes / Math.max(1, rows)));
      throw new PlanError(
        `${value.name} ${value.dtype}[${value.shape}] needs ${value.bytes} bytes, ${device.description} binds at most ${device.maxOperandBytes}`,
        fits > 0 ? `use a batch of at most ${fits}` : 'use a smaller resolution or width',
      );
    }
  }
}

function assignMemory(graph: PlanGraph, steps: readonly PlanStep[], device: Device): number {
  const lifetimes = new Lifetimes();
  const end = steps.length;
  for (const value of [...graph.inputs.values(), ...graph.scalars.values()]) lifetimes.touch(value.storage, -1);
  const touch = ({ node, workspace }: PlanStep, position: number) => {
    for (const value of [...node.inputs, ...node.outputs]) lifetimes.touch(value.storage, position);
    if (workspace) lifetimes.touch(workspace, position);
  };
  steps.forEach(touch);
  const nodes = steps.map(({ node, lowering }) => ({ node: node as KernelNode, calls: lowering.calls }));
  for (const [first, last] of device.interleaved?.(nodes) ?? []) {
    for (const step of steps.slice(first, last + 1)) for (const end of [first, last]) touch(step, end);
  }
  for (const value of graph.outputs.values()) {
    lifetimes.touch(value.storage, end);
  }
  return lifetimes.assign(device.alignment);
}
