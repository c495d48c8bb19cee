import { currentScope, makeNode, type Tensor, type TensorSpec } from '../tensor/tensor.js';
import { CvnetsError, ShapeError } from '../utils/errors.js';

export interface GradientContext<A> {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attrs: A;
  /** Gradient of the loss with respect to each output; undefined where nothing flows back. */
  readonly grads: readonly (Tensor | undefined)[];
  /** Which inputs need a gradient: a rule may leave out work for the others. */
  readonly needs: readonly boolean[];
}

export interface Cost {
  /** Floating-point operations; a multiply-add counts as 2. */
  readonly flops: number;
  /** Multiply-adds of convolutions and matrix products, as model summaries count them. */
  readonly macs?: number;
}

/** One operator: everything about it that needs no device. */
export interface Op<A = unknown> {
  readonly name: string;
  /** Shapes and dtypes of the outputs. Throws ShapeError. */
  infer(inputs: readonly TensorSpec[], attrs: A): TensorSpec[];
  /** Gradients with respect to the inputs, built from other operators; undefined for inputs that have none. */
  gradient?(context: GradientContext<A>): readonly (Tensor | undefined)[];
  cost?(inputs: readonly TensorSpec[], outputs: readonly TensorSpec[], attrs: A): Cost;
  /** Pairs [output, input] that share storage: the operator updates that input in place. */
  inPlace?(inputs: readonly TensorSpec[], attrs: A): readonly (readonly [output: number, input: number])[];
  /** Ranges [start, end) of inputs that must lie in one block, laid out by `groupOffsets`: multi-tensor updates. */
  groups?(inputs: readonly TensorSpec[], attrs: A): readonly (readonly [start: number, end: number])[];
}

/** Appends a node for `op` and returns its outputs. Errors carry the layer path. */
export function apply<A>(op: Op<A>, inputs: readonly Tensor[], attrs: A): readonly Tensor[] {
  let specs: TensorSpec[];
  try {
    specs = op.infer(inputs, attrs);
  } catch (error) {
    const scope = currentScope();
    if (!(error instanceof CvnetsError) || !scope) throw error;
    throw new ShapeError(`${scope}: ${error.message}`);
  }
  return makeNode(op.name, attrs, inputs, specs).outputs;
}

/** An operator of unknown attributes: what tables and passes see. */
export type AnyOp = Op<unknown>;

/** Number of elements; a symbolic batch counts as 1, so costs are per sample then. */
export function elements({ shape }: TensorSpec): number {
  return shape.reduce((n, d) => n * (d < 0 ? 1 : d), 1);
}

/** Cost of an operator that is bound by memory: so many operations per element of its largest operand. */
export function perElement(flops: number): NonNullable<AnyOp['cost']> {
  return (inputs, outputs) => ({ flops: flops * Math.max(0, ...inputs.map(elements), ...outputs.map(elements)) });
}
