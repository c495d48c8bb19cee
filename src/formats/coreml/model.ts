/** Element types of the model intermediate language. */
export type MilDType =
  | 'bool'
  | 'string'
  | 'fp16'
  | 'fp32'
  | 'fp64'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64';

export interface MilTensorType {
  readonly kind: 'tensor';
  readonly dtype: MilDType;
  /** Empty for a scalar; -1 where a size is not fixed. */
  readonly shape: readonly number[];
}

export interface MilListType {
  readonly kind: 'list';
  readonly element: MilType;
  readonly length: number;
}

export interface MilDictionaryType {
  readonly kind: 'dictionary';
  readonly key: MilType;
  readonly value: MilType;
}

export type MilType = MilTensorType | MilListType | MilDictionaryType;

/** A tensor in the model itself; halves are given as the numbers that they hold. */
export interface MilImmediate {
  readonly type: MilTensorType;
  readonly data: readonly (number | boolean | string)[];
}

/** A tensor in a file of weights. */
export interface MilBlob {
  readonly type: MilTensorType;
  readonly blob: { readonly file: string; readonly offset: number };
}

export interface MilList {
  readonly type: MilListType;
  readonly items: readonly MilImmediate[];
}

export type MilValue = MilImmediate | MilBlob | MilList;

/** What a parameter of an operation is bound to; several bindings make a tuple. */
export type MilBinding = { readonly name: string } | { readonly value: MilValue };

export interface MilNamedType {
  readonly name: string;
  readonly type: MilType;
}

export interface MilOperation {
  /** Such as `conv`; `const` has no inputs, and its value in the attribute `val`. */
  readonly type: string;
  readonly inputs: Readonly<Record<string, readonly MilBinding[]>>;
  readonly outputs: readonly MilNamedType[];
  readonly attributes: Readonly<Record<string, MilValue>>;
}

export interface MilFunction {
  readonly inputs: readonly MilNamedType[];
  /** Names the version of the operations, such as `CoreML5`. */
  readonly opset: string;
  readonly operations: readonly MilOperation[];
  /** Names of the values that are returned. */
  readonly outputs: readonly string[];
}

export type FeatureType =
  | {
      readonly kind: 'image';
      readonly width: number;
      readonly height: number;
      readonly colorSpace: 'gray' | 'RGB' | 'BGR';
    }
  | {
      readonly kind: 'array';
      readonly dtype: 'fp16' | 'fp32' | 'fp64' | 'int32';
      readonly shape: readonly number[];
    }
  | { readonly kind: 'dictionary'; readonly key: 'int64' | 'string' }
  | { readonly kind: 'int64' | 'double' | 'string' };

export interface Feature {
  readonly name: string;
  readonly description: string;
  readonly type: FeatureType;
}

export interface ModelDescription {
  readonly inputs: readonly Feature[];
  readonly outputs: readonly Feature[];
  /** Of a classifier: the outputs that hold the likeliest class and the probabilities. */
  readonly predictedFeature?: string;
  readonly predictedProbabilities?: string;
  readonly metadata: {
    readonly description: string;
    readonly version: string;
    readonly author: string;
    readonly userDefined: ReadonlyMap<string, string>;
  };
}

/** An ML Program, as a package holds it. */
export interface ProgramModel {
  /** Version of the specification, which tells the oldest system that can load it. */
  readonly specification: number;
  readonly description: ModelDescription;
  readonly main: MilFunction;
}

/** A number, a flag, a list of numbers, weights, a message in the message, or several. */
export type LayerValue = number | boolean | readonly number[] | Float32Array | LayerFields | readonly LayerFields[];

export interface LayerFields {
  readonly [field: string]: LayerValue;
}

export interface NeuralLayer {
  readonly name: string;
  /** Such as `convolution`. */
  readonly kind: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly fields: LayerFields;
}

/** A network of the kind before ML Programs: a list of layers. */
export interface NeuralModel {
  readonly specification: number;
  readonly description: ModelDescription;
  readonly layers: readonly NeuralLayer[];
  /** Arrays have the axes that they are described with, images are [N,C,H,W]. */
  readonly exactShapes: boolean;
  /** Of a classifier: names of the classes, and the value that holds their probabilities. */
  readonly classes?: { readonly labels: readonly string[]; readonly probabilities: string };
}
