import { elementTypeOf } from '../decode.js';
import type { ElementType, OnnxDim, OnnxNode, OnnxTensor } from '../model.js';
import { inferences, intOf, Violation } from './infer.js';
import { type OnnxSchema, schemas } from './schema.js';

export interface ValueFacts {
  readonly type?: ElementType;
  /** Undefined: of unknown rank. */
  readonly dims?: readonly OnnxDim[];
  /** Contents of a constant. */
  readonly tensor?: OnnxTensor;
}

/** Inputs that are of another type than the data: shapes, axes, sizes; the scales of a Resize. */
const otherTypes: Readonly<Record<string, Readonly<Record<number, ElementType>>>> = {
  Expand: { 1: 'int64' },
  Pad: { 1: 'int64', 3: 'int64' },
  ReduceMean: { 1: 'int64' },
  ReduceSum: { 1: 'int64' },
  Reshape: { 1: 'int64' },
  Resize: { 1: 'float', 2: 'float', 3: 'int64' },
  Slice: { 1: 'int64', 2: 'int64', 3: 'int64', 4: 'int64' },
  Split: { 1: 'int64' },
};

/** Types that arithmetic takes; operators that only move elements take any. */
const movers = new Set(['Cast', 'Concat', 'Expand', 'Flatten', 'Pad', 'Reshape', 'Slice', 'Split', 'Transpose']);
const numbers = new Set<ElementType | undefined>(['float', 'float16', 'double', undefined]);

/** Checks one node and adds what is known of its outputs to `facts`. */
export function lintNode(
  node: OnnxNode,
  opset: number,
  facts: Map<string, ValueFacts>,
  report: (problem: string) => void,
): void {
  const where = `node ${node.name || node.outputs[0]} (${node.opType})`;
  const fail = (problem: string) => report(`${where}: ${problem}`);
  const schema = node.domain === '' ? schemas[node.opType] : undefined;
  const missing = node.inputs.filter((name) => name !== '' && !facts.has(name));
  for (const name of missing) fail(`reads ${name}, which nothing before it computes`);
  if (!schema) fail(`is no operator that is known here${node.domain ? `, its domain is ${node.domain}` : ''}`);
  const counted = schema ? checkForm(node, schema, opset, fail) : false;
  const outputs = counted && missing.length === 0 ? outputFacts(node, facts, fail) : [];
  node.outputs.forEach((name, i) => {
    if (name !== '') facts.set(name, outputs[i] ?? {});
  });
}

/** Numbers of inputs and outputs, and attributes. */
function checkForm(node: OnnxNode, schema: OnnxSchema, opset: number, fail: (problem: string) => void): boolean {
  const {
    inputs: [least, most],
    outputs: [fewest, greatest] = [1, 1],
    attributes = {},
    since = 0,
  } = schema;
  const given = node.inputs.length;
  let good = true;
  const wrong = (problem: string) => {
    good = false;
    fail(problem);
  };
  if (opset < since) wrong(`is there from opset ${since} on, the file has ${opset}`);
  if (given < least || given > most || node.inputs.slice(0, least).includes(''))
    wrong(`has ${given} inputs, needed ${least} to ${most}`);
  if (node.outputs.length < fewest || node.outputs.length > greatest || node.outputs[0] === '') {
    wrong(`has ${node.outputs.length} outputs, needed ${fewest} to ${greatest}`);
  }
  for (const [name, attribute] of Object.entries(node.attributes)) {
    const known = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    const inTime = known && opset >= (known.since ?? 0) && opset < (known.until ?? Number.POSITIVE_INFINITY);
    if (!inTime) wrong(`has no attribute ${name} in opset ${opset}`);
    else if (known.type !== attribute.type)
      wrong(`attribute ${name} is of type ${attribute.type}, needed ${known.type}`);
  }
  for (const [name, { required }] of Object.entries(attributes)) {
    if (required && !Object.hasOwn(node.attributes, name)) wrong(`lacks attribute ${name}`);
  }
  return good;
}

function outputFacts(
  node: OnnxNode,
  facts: ReadonlyMap<string, ValueFacts>,
  fail: (problem: string) => void,
): ValueFacts[] {
  const operands = node.inputs.map((name) => facts.get(name) ?? {});
  const special = otherTypes[node.opType] ?? {};
  const data = operands.filter((_, i) => node.inputs[i] !== '' && !(i in special));
  const [{ type }] = data;
  if (data.some((operand) => operand.type && type && operand.type !== type)) {
    fail(`mixes ${[...new Set(data.map((operand) => operand.type))].join(' and ')}`);
  }
  if (!movers.has(node.opType) && !numbers.has(type)) fail(`computes with ${type}`);
  for (const [i, needed] of Object.entries(special)) {
    const given = operands[Number(i)];
    if (node.inputs[Number(i)] && given.type && given.type !== needed)
      fail(`input ${i} is ${given.type}, needed ${needed}`);
  }
  const result = node.opType === 'Cast' ? elementTypeOf(intOf(node.attributes, 'to', 0)) : type;
  if (node.opType === 'Cast' && !result) fail('casts to an unknown type');
  const shapes = operands.map(({ dims }) => dims);
  // Where a rank is unknown nothing can be said about the result.
  if (shapes.some((dims, i) => node.inputs[i] !== '' && !dims)) return node.outputs.map(() => ({ type: result }));
  try {
    const inferred = inferences[node.opType]({
      node,
      shapes: shapes.map((dims) => dims ?? []),
      has: (i) => (node.inputs[i] ?? '') !== '',
      ints: (i) => integersOf(operands[i], i),
    });
    return inferred.map((dims) => ({ type: result, dims }));
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    fail(error.message);
    return [];
  }
}

function integersOf({ tensor }: ValueFacts, input: number): number[] {
  if (tensor?.type !== 'int64') throw new Violation(`input ${input} is no constant of int64`);
  return Array.from(new BigInt64Array(tensor.bytes.slice().buffer), Number);
}
