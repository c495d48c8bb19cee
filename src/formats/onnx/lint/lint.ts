import { fromHalf } from '../../half.js';
import type { OnnxFile } from '../executor.js';
import { withContents } from '../file.js';
import type { OnnxDim, OnnxGraph, OnnxModel, OnnxTensor, OnnxValue } from '../model.js';
import { lintMetadata } from './metadata.js';
import { lintNode, type ValueFacts } from './node.js';

const VERSIONS = { ir: [3, 13], opset: [17, 26] } as const;

/**
 * Everything that is wrong with a model, one line each; empty when it is as the standard has it. Shapes and types are
 * inferred again from the inputs and compared with what the file declares. Knows the operators that are written here.
 */
export function lintOnnx(file: OnnxFile): string[] {
  const model = withContents(file);
  const problems: string[] = [];
  const report = (problem: string) => problems.push(problem);
  lintHeader(model, report);
  lintNames(model, report);
  for (const tensor of model.graph.initializers) lintTensor(tensor, report);
  const facts = lintNodes(model, report);
  lintDeclarations(model.graph, facts, report);
  lintUse(model.graph, report);
  lintMetadata(model, report);
  return problems;
}

type Report = (problem: string) => void;

function lintHeader({ irVersion, opsets, graph }: OnnxModel, report: Report): void {
  if (irVersion < VERSIONS.ir[0] || irVersion > VERSIONS.ir[1]) report(`IR version ${irVersion} is read by nobody`);
  const opset = opsets.get('');
  if (opset === undefined) report('no version of the standard operators is imported');
  else if (opset < VERSIONS.opset[0] || opset > VERSIONS.opset[1]) report(`opset ${opset} is not checked here`);
  if (graph.name === '') report('the graph has no name');
  if (graph.inputs.length === 0) report('the graph has no input');
  if (graph.outputs.length === 0) report('the graph has no output');
}

/** Names are C identifiers in files of ours; in all files each value and each node has one of its own. */
function lintNames({ graph, producer }: OnnxModel, report: Report): void {
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  const values = [
    ...graph.inputs.map(({ name }) => name),
    // Before IR 4, tensors were inputs as well.
    ...graph.initializers.map(({ name }) => name).filter((name) => !inputs.has(name)),
    ...graph.nodes.flatMap(({ outputs }) => outputs.filter((name) => name !== '')),
  ];
  const nodes = graph.nodes.map(({ name }) => name).filter((name) => name !== '');
  for (const [kind, names] of [
    ['value', values],
    ['node', nodes],
  ] as const) {
    const seen = new Set<string>();
    for (const name of names) {
      if (seen.has(name)) report(`${kind} ${name} is there twice`);
      seen.add(name);
      if (producer === 'cvnets' && !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
        report(`${kind} ${JSON.stringify(name)} is no identifier`);
    }
  }
  if (producer === 'cvnets' && nodes.length < graph.nodes.length) report('a node has no name');
}

function lintTensor({ name, type, dims, bytes }: OnnxTensor, report: Report): void {
  if (name === '') report('a tensor has no name');
  if (type !== 'float' && type !== 'float16') return;
  const { buffer } = bytes.slice();
  const values = type === 'float' ? new Float32Array(buffer) : fromHalf(new Uint16Array(buffer));
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) report(`${name} [${dims}] holds ${values[bad]} at ${bad}`);
}

/** Walks the nodes in order; returns what is known of every value. */
function lintNodes({ graph, opsets }: OnnxModel, report: Report): Map<string, ValueFacts> {
  const facts = new Map<string, ValueFacts>();
  for (const { name, type, dims } of graph.inputs) {
    if (!type || !dims) report(`input ${name} has no type or shape`);
    facts.set(name, { type, dims });
  }
  for (const tensor of graph.initializers) facts.set(tensor.name, { type: tensor.type, dims: tensor.dims, tensor });
  for (const node of graph.nodes) lintNode(node, opsets.get('') ?? 0, facts, report);
  return facts;
}

function lintDeclarations(graph: OnnxGraph, facts: ReadonlyMap<string, ValueFacts>, report: Report): void {
  const declared = new Set<string>();
  const compare = (kind: string, { name, type, dims }: OnnxValue) => {
    const found = facts.get(name);
    if (!found) report(`${kind} ${name} is computed by nobody`);
    else if (found.type && type && found.type !== type)
      report(`${kind} ${name} is declared as ${type}, it is ${found.type}`);
    else if (found.dims && dims && !agree(found.dims, dims)) {
      report(`${kind} ${name} is declared as [${show(dims)}], it is [${show(found.dims)}]`);
    }
    if (declared.has(name)) report(`${name} is declared twice`);
    declared.add(name);
  };
  for (const value of graph.values) compare('value', value);
  for (const value of graph.outputs) {
    if (!value.type || !value.dims) report(`output ${value.name} has no type or shape`);
    compare('output', value);
  }
}

function lintUse({ nodes, initializers, inputs, outputs }: OnnxGraph, report: Report): void {
  const read = new Set([...outputs.map(({ name }) => name), ...nodes.flatMap((node) => node.inputs)]);
  for (const { name } of initializers) if (!read.has(name)) report(`tensor ${name} is read by nobody`);
  for (const { name } of inputs) if (!read.has(name)) report(`input ${name} is read by nobody`);
  for (const node of nodes) {
    if (!node.outputs.some((name) => read.has(name))) report(`node ${node.name} (${node.opType}) is read by nobody`);
  }
}

/** A name must be kept: what comes in as N goes out as N. Where a name was lost on the way, anything may stand. */
function agree(inferred: readonly OnnxDim[], declared: readonly OnnxDim[]): boolean {
  return (
    inferred.length === declared.length &&
    inferred.every((dim, i) => dim === undefined || declared[i] === undefined || dim === declared[i])
  );
}

const show = (dims: readonly OnnxDim[]): string => dims.map((dim) => dim ?? '?').join(', ');
