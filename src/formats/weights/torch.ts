import { FormatError } from '../../utils/errors.js';
import type { SafetensorsTensor } from '../safetensors.js';
import { Unpickler } from './pickle.js';
import { PickleReader } from './pickle-reader.js';
import { findStateDict } from './state-dict.js';
import { type Storage, type TorchGlobalsOptions, torchGlobals } from './torch-globals.js';
import { readZip, unzip, type ZipEntry } from './zip.js';

/** Starts every file that `torch.save` wrote before version 1.6: a pickle of this number. */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_PROTOCOL = 1001;

type Tensors = ReadonlyMap<string, SafetensorsTensor>;

/** True for a pickle of protocol 2 or later, which is what the legacy format starts with. */
export const isPickle = (file: Uint8Array): boolean => file[0] === 0x80 && file[1] >= 2 && file[1] <= 5;

/** The folder of the archive, `archive` say, that holds a PyTorch file, if one does. */
export function torchFolder(entries: ReadonlyMap<string, ZipEntry>): string | undefined {
  const pickle = [...entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name));
  return pickle?.slice(0, pickle.indexOf('/'));
}

/** The tensors of a file that `torch.save` of version 1.6 or later wrote: a zip archive. */
export async function readTorchZip(file: Uint8Array, path: string): Promise<Tensors> {
  const entries = readZip(file, path);
  const folder = torchFolder(entries);
  const fail: (what: string, hint: string) => never = (what, hint) => {
    throw new FormatError(`${path}: ${what}`, hint);
  };
  if (folder === undefined) return fail('the archive has no data.pkl', 'give a file that torch.save wrote');
  if (entries.has(`${folder}/constants.pkl`)) {
    fail('is a TorchScript program', 'save its weights: torch.save(model.state_dict(), file)');
  }
  const order = entries.get(`${folder}/byteorder`);
  if (order && new TextDecoder().decode(await unzip(order, path)).trim() !== 'little') {
    fail('its numbers are big-endian', 'save it again on a little-endian machine');
  }

  const storages = new Map<string, Storage>();
  const globals: TorchGlobalsOptions = { path, fileBytes: file.length };
  const { allowed, storageOf } = torchGlobals(globals);
  const pickle = await unzip(entries.get(`${folder}/data.pkl`)!, path);
  const persistent = (id: Parameters<typeof storageOf>[0]) => {
    const { key, elements, dtype, elementBytes } = storageOf(id);
    const entry =
      entries.get(`${folder}/data/${key}`) ?? fail(`has no data/${key}`, 'the file is damaged; get it again');
    if (entry.size < elements * elementBytes) {
      fail(`data/${key} has ${entry.size} bytes, ${elements} elements of ${dtype} need more`, 'get the file again');
    }
    const storage = storages.get(key) ?? { key, elements, dtype, elementBytes };
    storages.set(key, storage);
    return { object: storage };
  };
  const root = new Unpickler(pickle, { path, globals: allowed, persistent }).load();
  const tensors = findStateDict(root, path);
  const contents = new Map<string, Uint8Array>();
  for (const { storage } of tensors.values()) {
    if (!contents.has(storage.key)) {
      contents.set(storage.key, await unzip(entries.get(`${folder}/data/${storage.key}`)!, path));
    }
  }
  return new Map([...tensors].map(([name, tensor]) => [name, tensor.materialize(contents.get(tensor.storage.key)!)]));
}

/** The tensors of a file that `torch.save` wrote before version 1.6: pickles, then the storages one after another. */
export function readTorchLegacy(file: Uint8Array, path: string): Tensors {
  const fail: (what: string) => never = (what) => {
    throw new FormatError(`${path}: ${what}`, 'the file is damaged or no file of PyTorch; get it again');
  };
  const none = { path, globals: new Map() };
  const next = (start: number) => {
    const unpickler = new Unpickler(file, none, start);
    return { value: unpickler.load(), end: unpickler.end };
  };
  const magic = next(0);
  if (magic.value !== LEGACY_MAGIC) fail('is a pickle, but none of PyTorch');
  const protocol = next(magic.end);
  if (protocol.value !== LEGACY_PROTOCOL) fail(`is written in protocol ${protocol.value}, not ${LEGACY_PROTOCOL}`);
  const system = next(protocol.end);
  if (system.value instanceof Map && system.value.get('little_endian') === false) fail('its numbers are big-endian');

  const storages = new Map<string, Storage>();
  const { allowed, storageOf } = torchGlobals({ path, fileBytes: file.length });
  const persistent = (id: Parameters<typeof storageOf>[0]) => {
    const storage = storageOf(id);
    const known = storages.get(storage.key) ?? storage;
    storages.set(storage.key, known);
    return { object: known };
  };
  const main = new Unpickler(file, { path, globals: allowed, persistent }, system.end);
  const tensors = findStateDict(main.load(), path);

  const keys = next(main.end);
  if (!Array.isArray(keys.value)) return fail('it has no list of storages');
  const contents = new Map<string, Uint8Array>();
  const reader = new PickleReader(file, keys.end, path);
  for (const key of keys.value) {
    const storage = storages.get(String(key)) ?? fail(`storage ${key} belongs to no tensor`);
    const elements = reader.size64();
    if (elements !== storage.elements) fail(`storage ${key} has ${elements} elements instead of ${storage.elements}`);
    contents.set(storage.key, reader.bytes(elements * storage.elementBytes));
  }
  return new Map(
    [...tensors].map(([name, tensor]) => {
      const content = contents.get(tensor.storage.key) ?? fail(`the storage of ${name} is missing`);
      return [name, tensor.materialize(content)];
    }),
  );
}
