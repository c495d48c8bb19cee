import { FormatError } from '../utils/errors.js';
import type { Files } from './platform.js';

const parent = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf('/')));

/** Files that live in memory: the run folder of a page, and of tests. */
export function memoryFiles(contents: Map<string, Uint8Array> = new Map()): Files {
  const folders = new Set<string>();
  const get = (path: string) => {
    const content = contents.get(path);
    if (!content) throw new FormatError(`cannot read ${path}: there is no such file`, 'check the path');
    return content;
  };
  const isFolder = (path: string) => [...contents.keys()].some((name) => name.startsWith(`${path}/`));
  const bytes = (content: Uint8Array | string) =>
    typeof content === 'string' ? new TextEncoder().encode(content) : content.slice();

  return {
    read: async (path) => get(path).slice(),
    async write(path, content) {
      contents.set(path, bytes(content));
    },
    async append(path, text) {
      const [old, added] = [contents.get(path) ?? new Uint8Array(0), bytes(text)];
      const joined = new Uint8Array(old.length + added.length);
      joined.set(old);
      joined.set(added, old.length);
      contents.set(path, joined);
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
