import { FormatError } from '../utils/errors.js';
import type { FileContent, Files } from './platform.js';

const parent = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf('/')));

function join(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let position = 0;
  for (const part of parts) {
    result.set(part, position);
    position += part.length;
  }
  return result;
}

/** Files that live in memory: the run folder of a page, and of tests. */
export function memoryFiles(contents: Map<string, Uint8Array> = new Map()): Files {
  const folders = new Set<string>();
  const get = (path: string) => {
    const content = contents.get(path);
    if (!content) throw new FormatError(`cannot read ${path}: there is no such file`, 'check the path');
    return content;
  };
  const isFolder = (path: string) => [...contents.keys()].some((name) => name.startsWith(`${path}/`));
  const bytes = (content: FileContent) => {
    if (typeof content === 'string') return new TextEncoder().encode(content);
    return content instanceof Uint8Array ? content.slice() : join(content);
  };

  return {
    read: async (path) => get(path).slice(),
    async write(path, content) {
      contents.set(path, bytes(content));
    },
    async append(path, text) {
      const [old, added] = [contents.get(path) ?? new Uint8Array(0), bytes(text)];
      contents.set(path, join([old, added]));
    },
    async rename(from, to) {
      contents.set(to, get(from));
      contents.delete(from);
    },
    exists: async (path) => contents.has(path) || folders.has(path) || isFolder(path),
    async list(path) {
      const inside = [...contents.keys(), ...folders].filter((name) => name.startsWith(`${path}/`));
      return [...new Set(inside.map((name) => name.slice(path.length + 1).split('/')[0]))].sort();
    },
    async makeFolder(path) {
      if (folders.has(path)) return false;
      for (let folder = path; folder; folder = parent(folder)) folders.add(folder);
      return true;
    },
    async remove(path) {
      contents.delete(path);
    },
  };
}
