import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { packageRoot } from '../platform/node.js';

/** Folder of an installed npm package, looked for upwards from the working directory and from this package. */
export async function findPackage(name: string): Promise<string | undefined> {
  for (const start of [resolve('.'), packageRoot()]) {
    for (let folder = start; ; folder = dirname(folder)) {
      const candidate = join(folder, 'node_modules', name);
      if (existsSync(join(candidate, 'package.json'))) return candidate;
      if (folder === dirname(folder)) break;
    }
  }
  return undefined;
}
