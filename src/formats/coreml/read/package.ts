import type { Files } from '../../../platform/platform.js';
import { FormatError } from '../../../utils/errors.js';
import type { ProgramModel } from '../model.js';
import { decodeProgramModel } from './decode-program.js';

/** A package as it lies on the disk. */
export interface CoreMLPackage {
  readonly model: ProgramModel;
  /** Files of weights, by the name that models know them by, such as `@model_path/weights/weight.bin`. */
  readonly weights: ReadonlyMap<string, Uint8Array>;
}

interface Manifest {
  readonly fileFormatVersion: string;
  readonly itemInfoEntries: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly rootModelIdentifier: string;
}

const MODEL_PATH = '@model_path/';

/** Reads a package: manifest, model and the weights that it names. Throws FormatError for what is missing or foreign. */
export async function readPackage(files: Files, path: string): Promise<CoreMLPackage> {
  const folder = path.replace(/\/+$/, '');
  const items = parseManifest(await files.read(`${folder}/Manifest.json`), folder);
  const modelPath = `${folder}/Data/${items.model}`;
  const model = decodeProgramModel(await files.read(modelPath), modelPath);
  const weights = new Map<string, Uint8Array>();
  const modelFolder = items.model.slice(0, items.model.lastIndexOf('/') + 1);
  for (const name of blobFiles(model)) {
    if (!name.startsWith(MODEL_PATH) || !isInside(name.slice(MODEL_PATH.length))) {
      throw new FormatError(`${folder}: weights lie in ${JSON.stringify(name)}, which is not below the model's folder`);
    }
    const file = `${modelFolder}${name.slice(MODEL_PATH.length)}`;
    if (![...items.others].some((item) => file === item || file.startsWith(`${item}/`))) {
      throw new FormatError(`${folder}: ${file} is not in the manifest`);
    }
    weights.set(name, await files.read(`${folder}/Data/${file}`));
  }
  return { model, weights };
}

function parseManifest(bytes: Uint8Array, folder: string): { model: string; others: Set<string> } {
  const fail = (what: string): never => {
    throw new FormatError(`${folder}/Manifest.json ${what}`, 'export the package again');
  };
  let manifest: Manifest;
  try {
    manifest = JSON.parse(new TextDecoder().decode(bytes)) as Manifest;
  } catch {
    return fail('is no JSON');
  }
  const entries = manifest.itemInfoEntries ?? fail('has no itemInfoEntries');
  if (manifest.fileFormatVersion !== '1.0.0') fail(`has the version ${manifest.fileFormatVersion}, known is 1.0.0`);
  const others = new Set<string>();
  for (const [id, entry] of Object.entries(entries)) {
    for (const key of ['author', 'description', 'name', 'path']) {
      if (typeof entry[key] !== 'string') fail(`has no ${key} for ${id}`);
    }
    if (!isInside(entry.path)) fail(`points at ${JSON.stringify(entry.path)}, which is not below Data`);
    if (id !== manifest.rootModelIdentifier) others.add(entry.path);
  }
  const root = entries[manifest.rootModelIdentifier] ?? fail('names no root model that it lists');
  return { model: root.path, others };
}

const isInside = (path: string): boolean =>
  /^[^\\\0/][^\\\0]*$/.test(path) && !path.split('/').some((part) => part === '..' || part === '');

function blobFiles({ main }: ProgramModel): Set<string> {
  const values = main.operations.flatMap(({ attributes }) => Object.values(attributes));
  return new Set(values.flatMap((value) => ('blob' in value ? [value.blob.file] : [])));
}
