import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { CvnetsError, FormatError } from '../utils/errors.js';

/** While it is held no other process trains in the folder. */
export interface RunLock {
  release(): Promise<void>;
}

/** Locks of this process: its own number in a file that is not among them is left from an earlier life. */
const held = new Set<string>();

/**
 * Takes `run.lock` in a run folder, which holds the number of the process. A lock whose process is gone is taken over.
 * Throws CvnetsError when the process still runs.
 */
export async function lockRun(folder: string): Promise<RunLock> {
  const path = `${folder}/run.lock`;
  const own = `${path}.${process.pid}`;
  try {
    await writeFile(own, `${process.pid}\n`);
    // A link appears whole or fails: nobody reads a lock without a number.
    while (!(await tryLink(own, path))) await takeOver(folder, path);
  } catch (error) {
    if (error instanceof CvnetsError) throw error;
    throw new FormatError(`cannot lock ${path}: ${(error as Error).message}`, 'check free space and permissions');
  } finally {
    await rm(own, { force: true });
  }
  held.add(path);
  return {
    async release() {
      held.delete(path);
      await rm(path, { force: true });
    },
  };
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the lock of a process that is gone. */
async function takeOver(folder: string, path: string): Promise<void> {
  const owner = await ownerOf(path);
  if (owner === undefined) return;
  if (isRunning(owner, path)) {
    throw new CvnetsError(
      `run ${folder} is being trained by process ${owner}`,
      `stop that process first; if it is something else, remove ${path}`,
    );
  }
  // Another process may have taken over in between: what is moved away is looked at before it is removed.
  const aside = `${path}.stale.${process.pid}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if (!Object.is(await ownerOf(aside), owner)) await tryLink(aside, path);
  await rm(aside, { force: true });
}

/** The number in a lock, NaN when it holds none; undefined when the file is gone. */
async function ownerOf(path: string): Promise<number | undefined> {
  try {
    return Number.parseInt(await readFile(path, 'utf8'), 10);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isRunning(pid: number, path: string): boolean {
  if (pid === process.pid) return held.has(path);
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user exists, too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
