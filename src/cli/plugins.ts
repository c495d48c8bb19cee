import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { usePlugin } from '../config/plugins.js';
import type { RunFolder } from '../train/run-folder.js';
import { ConfigError } from '../utils/errors.js';

/**
 * Loads the files of `--plugin`. Only the command line names them, never a recipe or a run folder, which may come from
 * strangers; and only files of this machine. @returns their whole paths
 */
export async function loadPlugins(files: readonly string[]): Promise<string[]> {
  const paths = files.map(pluginPath);
  for (const [i, path] of paths.entries()) await usePlugin(files[i], await importFile(files[i], path));
  return paths;
}

function pluginPath(file: string): string {
  // One letter is a drive of Windows.
  const [, scheme] = /^([a-z][a-z0-9+.-]+):/i.exec(file) ?? [];
  if (scheme) {
    throw new ConfigError(`--plugin ${file}: ${scheme}: addresses are not loaded`, 'give the path of a file');
  }
  const path = resolve(file);
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) return path;
  throw new ConfigError(`--plugin ${file}: there is no file ${path}`, 'check the path');
}

async function importFile(file: string, path: string): Promise<{ readonly default?: unknown }> {
  try {
    return await import(/* @vite-ignore */ pathToFileURL(path).href);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`--plugin ${file} cannot be loaded: ${message}`, 'it must be a JavaScript module (.mjs)');
  }
}

/** Throws ConfigError when a run was made with plugins and none is given now. */
export function checkPlugins({ path, plugins }: RunFolder, given: readonly string[] = []): void {
  if (plugins.length === 0 || given.length > 0) return;
  const flags = plugins.map((plugin) => `--plugin ${plugin}`).join(' ');
  throw new ConfigError(`${path} was trained with ${flags}`, 'give it again; a run folder loads no code by itself');
}
