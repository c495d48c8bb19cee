import { rename, rm } from 'node:fs/promises';

/**
 * Gives a folder another name, in place of what is there. A folder cannot take another one's place at once: the old
 * one moves aside first, so a crash leaves one of the two under a name near its own, and never a mixture.
 */
export async function replaceFolder(from: string, to: string): Promise<void> {
  const aside = `${to}.old`;
  await removeFolder(aside);
  await rename(to, aside).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rename(from, to);
  await removeFolder(aside);
}

export const removeFolder = (path: string): Promise<void> => rm(path, { recursive: true, force: true });
