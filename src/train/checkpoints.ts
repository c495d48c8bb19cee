import {
  fromTypedArray,
  readSafetensors,
  type SafetensorsTensor,
  toTypedArray,
  writeSafetensors,
} from '../formats/safetensors.js';
import type { Files } from '../platform/platform.js';
import { dtypeOf, type TypedArray } from '../tensor/dtype.js';
import { sameShape } from '../tensor/shape.js';
import type { State } from '../tensor/state.js';
import { FormatError } from '../utils/errors.js';
import { type KeptCheckpoint, type Progress, parseProgress } from './progress.js';

/** What checkpoints need of the engine. */
export interface StateAccess {
  readState(state: State): Promise<TypedArray>;
  writeState(state: State, values: TypedArray): Promise<void>;
}

/** What must be equal for a resumed run to compute the same bits. */
export interface RunIdentity {
  readonly device: string;
  readonly numerics: string;
  readonly seed: number;
}

const FORMAT = 'cvnets training checkpoint 1';
const LAST = 'training_checkpoint_last.safetensors';
const BEST = 'checkpoint_best.safetensors';
const EMA_BEST = 'checkpoint_ema_best.safetensors';

/** Pairs of a name in the file and the state that it belongs to. */
export type NamedStates = ReadonlyMap<string, State>;

/** States under their own names. Throws FormatError when two share one. */
export function byName(states: Iterable<State>): NamedStates {
  const named = new Map<string, State>();
  for (const state of states) {
    if (named.has(state.name)) throw new FormatError(`two states are named ${state.name}`, 'give layers unique names');
    named.set(state.name, state);
  }
  return named;
}

/** The values of states as file content. */
export async function encodeStates(
  access: StateAccess,
  states: NamedStates,
  metadata: ReadonlyMap<string, string>,
): Promise<Uint8Array> {
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [name, state] of states) tensors.set(name, fromTypedArray(await access.readState(state), state.shape));
  return writeSafetensors(tensors, metadata);
}

/**
 * Loads every state from a file; tensors and states must match one to one, unless the file may hold more. All are
 * checked before the first is written. Throws FormatError that names the first differences.
 */
export async function decodeStates(
  access: StateAccess,
  states: NamedStates,
  file: Uint8Array,
  name: string,
  allowExtra = false,
): Promise<ReadonlyMap<string, string>> {
  const { tensors, metadata } = readSafetensors(file, name);
  const missing = [...states.keys()].filter((key) => !tensors.has(key));
  const extra = allowExtra ? [] : [...tensors.keys()].filter((key) => !states.has(key));
  if (missing.length + extra.length > 0) {
    const list = (label: string, keys: string[]) =>
      keys.length > 0
        ? [`${keys.length} ${label} (${keys.slice(0, 3).join(', ')}${keys.length > 3 ? ', …' : ''})`]
        : [];
    throw new FormatError(
      `${name} does not belong to this model: ${[...list('missing', missing), ...list('unknown', extra)].join('; ')}`,
      'use the configuration of the run that wrote it',
    );
  }
  const values = [...states].map(([key, state]) => {
    const tensor = tensors.get(key)!;
    const array = toTypedArray(key, tensor);
    if (!sameShape(tensor.shape, state.shape) || dtypeOf(array) !== state.dtype) {
      throw new FormatError(
        `${name}: ${key} is ${tensor.dtype}[${tensor.shape}], the model has ${state.dtype}[${state.shape}]`,
        'use the configuration of the run that wrote it',
      );
    }
    return [state, array] as const;
  });
  for (const [state, array] of values) await access.writeState(state, array);
  return metadata;
}

/** The checkpoints of one run. Every file appears whole or not at all. */
export class Checkpoints {
  constructor(
    readonly files: Files,
    readonly folder: string,
    readonly keep: number,
  ) {}

  get lastPath(): string {
    return `${this.folder}/${LAST}`;
  }

  /** Everything that is needed to go on. The bytes depend on the run only, not on when it was interrupted. */
  async saveLast(access: StateAccess, states: NamedStates, progress: Progress, identity: RunIdentity): Promise<void> {
    const metadata = new Map([
      ['format', FORMAT],
      ['progress', JSON.stringify(progress)],
      ['identity', JSON.stringify(identity)],
    ]);
    await this.files.write(this.lastPath, await encodeStates(access, states, metadata));
  }

  /** Restores the states and returns where the run was. Throws FormatError when its bits could not be continued. */
  async loadLast(access: StateAccess, states: NamedStates, identity: RunIdentity): Promise<Progress> {
    if (!(await this.files.exists(this.lastPath))) {
      throw new FormatError(
        `${this.lastPath} is missing: without a training checkpoint the run cannot go on`,
        'start it again with its config.yaml as the recipe',
      );
    }
    const file = await this.files.read(this.lastPath);
    const { metadata } = readSafetensors(file, this.lastPath);
    if (metadata.get('format') !== FORMAT) {
      throw new FormatError(`${this.lastPath} is no training checkpoint`, `expected format ${FORMAT}`);
    }
    const progress = parseProgress(metadata.get('progress'), this.lastPath);
    const saved = metadata.get('identity');
    if (saved !== JSON.stringify(identity)) {
      throw new FormatError(
        `${this.lastPath} was written by ${saved}, this is ${JSON.stringify(identity)}: it would not continue bit for bit`,
        'resume with the same device (--device), seed and numerics profile',
      );
    }
    await decodeStates(access, states, file, this.lastPath);
    return progress;
  }

  /** Weights alone, under the model's own names. */
  async saveWeights(access: StateAccess, file: string, weights: NamedStates, facts: Record<string, string>) {
    const metadata = new Map(Object.entries({ format: 'cvnets weights 1', ...facts }));
    await this.files.write(`${this.folder}/${file}`, await encodeStates(access, weights, metadata));
  }

  async saveBest(access: StateAccess, weights: NamedStates, facts: Record<string, string>, ema = false): Promise<void> {
    await this.saveWeights(access, ema ? EMA_BEST : BEST, weights, facts);
  }

  /**
   * Saves the weights when they are among the k best, and removes the one that falls out.
   * @returns the new list, best first.
   */
  async keepBest(
    access: StateAccess,
    weights: NamedStates,
    { kept, candidate, larger }: { kept: readonly KeptCheckpoint[]; candidate: KeptCheckpoint; larger: boolean },
  ): Promise<KeptCheckpoint[]> {
    const better = (a: KeptCheckpoint, b: KeptCheckpoint) => (larger ? b.score - a.score : a.score - b.score);
    const all = [...kept.filter(({ file }) => file !== candidate.file), candidate].sort(better);
    const next = all.slice(0, this.keep);
    if (next.includes(candidate)) {
      const facts = { epoch: `${candidate.epoch}`, score: `${candidate.score}` };
      await this.saveWeights(access, candidate.file, weights, facts);
    }
    for (const { file } of all.slice(this.keep)) await this.files.remove(`${this.folder}/${file}`);
    return next;
  }

  /** The weights to evaluate: the best average, the best weights, or the last state, whichever exists first. */
  async evaluationPath(choice: 'best' | 'ema' | 'last'): Promise<string> {
    const path = { best: `${this.folder}/${BEST}`, ema: `${this.folder}/${EMA_BEST}`, last: this.lastPath }[choice];
    if (await this.files.exists(path)) return path;
    throw new FormatError(`${path} is missing`, `the run has no ${choice} checkpoint yet; train at least one epoch`);
  }
}
