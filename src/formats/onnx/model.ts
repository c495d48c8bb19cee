/** Element types of tensors, by their numbers in the file. */
export const elementTypes = {
  float: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;

export type ElementType = keyof typeof elementTypes;

/** Bytes of one element; strings have no fixed size and no raw form. */
export const elementBytes: Readonly<Record<ElementType, number>> = {
  float: 4,
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  int32: 4,
  int64: 8,
  string: 0,
  bool: 1,
  float16: 2,
  double: 8,
  uint32: 4,
  uint64: 8,
  bfloat16: 2,
};

export interface OnnxTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  /** Row-major, little-endian; empty while the contents lie in `external`. */
  readonly bytes: Uint8Array;
  /** Contents in another file: `location` is relative to the folder of the model. */
  readonly external?: { readonly location: string; readonly offset: number; readonly length: number };
}

export type OnnxAttribute =
  | { readonly type: 'float' | 'int'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'tensor'; readonly value: OnnxTensor }
  | { readonly type: 'floats' | 'ints'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  /** Subgraphs, sparse tensors and the like: known to be there, not read. */
  | { readonly type: 'other' };

export type OnnxAttributes = Readonly<Record<string, OnnxAttribute>>;

export interface OnnxNode {
  readonly name: string;
  /** Empty for the standard's own operators. */
  readonly domain: string;
  readonly opType: string;
  /** Names of values; an empty one is an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: OnnxAttributes;
}

/** A number, a name such as `N` for a size that is not fixed, or undefined where nothing is known. */
export type OnnxDim = number | string | undefined;

export interface OnnxValue {
  readonly name: string;
  /** Undefined for sequences, maps and types that are not known here. */
  readonly type?: ElementType;
  /** Undefined: of unknown rank. */
  readonly dims?: readonly OnnxDim[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Types of what nodes compute on the way. */
  readonly values: readonly OnnxValue[];
}

export interface OnnxModel {
  readonly irVersion: number;
  /** Version by domain; the standard's own domain is the empty string. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly producer: string;
  readonly producerVersion: string;
  readonly graph: OnnxGraph;
  readonly metadata: ReadonlyMap<string, string>;
}
