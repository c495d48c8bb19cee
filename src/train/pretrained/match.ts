import type { SafetensorsTensor } from '../../formats/safetensors.js';
import type { NameMap } from '../../models/classification/variants/index.js';
import { permute, type Shape, sameShape } from '../../tensor/shape.js';

/** CVNets' `model.resume_exclude_scopes`, `ignore_missing_scopes` and `rename_scopes_map`. */
export interface Scopes {
  /** Tensors of the file that are left out, and may be missing. */
  readonly exclude: readonly RegExp[];
  /** Parameters that the file need not have. */
  readonly ignoreMissing: readonly RegExp[];
  /** Names of the file are replaced before they are looked up. */
  readonly rename: readonly (readonly [RegExp, string])[];
}

export const noScopes: Scopes = { exclude: [], ignoreMissing: [], rename: [] };

/** Where the value of a parameter is in the file. */
export interface MatchedTensor {
  /** Its name there. */
  readonly theirs: string;
  readonly tensor: SafetensorsTensor;
  /** Axes of theirs in our order; left out: the same. */
  readonly axes?: readonly number[];
}

export interface Mismatch {
  readonly name: string;
  readonly theirs: string;
  readonly fileShape: Shape;
  readonly modelShape: Shape;
}

/** How the tensors of a file and the parameters of a network fit together. */
export interface Match {
  readonly matched: ReadonlyMap<string, MatchedTensor>;
  /** Parameters that the file has not, and must have. */
  readonly missing: readonly string[];
  /** Those that it need not have: they keep their initial values. */
  readonly left: readonly string[];
  /** Tensors of the file that nobody takes. */
  readonly unexpected: readonly string[];
  readonly mismatched: readonly Mismatch[];
  /** Classes of the file, when they are others and the last layer is made anew. */
  readonly newHead?: number;
  /** That of the names, for the eps of its norms. */
  readonly names: NameMap;
}

/** CVNets' names, which every variant understands. */
export const ownNames: NameMap = { theirs: (name) => name };

/** Counters of PyTorch's batch norms, which nothing here reads. */
const COUNTER = /(^|\.)num_batches_tracked$/;

export interface MatchOptions {
  readonly names: readonly NameMap[];
  readonly scopes: Scopes;
  /** Layer whose first axis is the classes: with another number it is left out instead of a mismatch. */
  readonly head?: { readonly path: string };
}

/** Looks up every parameter. Of several ways to name them, the one that finds most counts. */
export function matchWeights(
  parameters: ReadonlyMap<string, { readonly shape: Shape }>,
  file: ReadonlyMap<string, SafetensorsTensor>,
  { names, scopes, head }: MatchOptions,
): Match {
  const tensors = applyScopes(file, scopes);
  const found = (map: NameMap): number => {
    let count = 0;
    for (const name of parameters.keys()) if (tensors.has(map.theirs(name) ?? '')) count++;
    return count;
  };
  const map = [ownNames, ...names].reduce((best, next) => (found(next) > found(best) ? next : best));

  const matched = new Map<string, MatchedTensor>();
  const [missing, left, mismatched]: [string[], string[], Mismatch[]] = [[], [], []];
  const used = new Set<string>();
  let newHead: number | undefined;
  for (const [name, { shape }] of parameters) {
    const theirs = map.theirs(name) ?? name;
    const tensor = tensors.get(theirs);
    if (!tensor) {
      const allowed = [...scopes.ignoreMissing, ...scopes.exclude].some((pattern) => pattern.test(name));
      (allowed ? left : missing).push(name);
      continue;
    }
    used.add(theirs);
    const axes = map.axes?.(name, tensor.shape.length);
    const fileShape = axes ? permute(tensor.shape, axes) : tensor.shape;
    if (sameShape(fileShape, shape)) matched.set(name, { theirs, tensor, axes });
    else if (head && name.startsWith(`${head.path}.`) && sameShape(fileShape.slice(1), shape.slice(1))) {
      newHead = fileShape[0];
      left.push(name);
    } else mismatched.push({ name, theirs, fileShape, modelShape: shape });
  }
  const unexpected = [...tensors.keys()].filter((name) => !used.has(name) && !COUNTER.test(name));
  return { matched, missing, left, unexpected, mismatched, newHead, names: map };
}

export const fits = ({ missing, unexpected, mismatched }: Match): boolean =>
  missing.length + unexpected.length + mismatched.length === 0;

function applyScopes(file: ReadonlyMap<string, SafetensorsTensor>, { exclude, rename }: Scopes) {
  const kept = [...file].filter(([name]) => !exclude.some((pattern) => pattern.test(name)));
  return new Map(
    kept.map(([name, tensor]) => [rename.reduce((text, [from, to]) => text.replace(from, to), name), tensor]),
  );
}
