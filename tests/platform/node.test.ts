import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodePlatform, packageRoot } from '../../src/platform/node.js';

const folder = mkdtempSync(join(tmpdir(), 'cvnets-platform-'));
const { files } = nodePlatform;
const text = async (path: string) => new TextDecoder().decode(await files.read(path));

test('finds the package and its assets', async () => {
  expect(existsSync(join(packageRoot(), 'src/platform/node.ts'))).toBe(true);
  await expect(nodePlatform.readAsset('nothing.wasm')).rejects.toThrow('npm run build');
});

describe('files', () => {
  test('writes whole files and leaves no temporary ones', async () => {
    const path = join(folder, 'a.txt');
    await files.write(path, 'one');
    await files.write(path, 'two');
    expect(await text(path)).toBe('two');
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('a failed write leaves the old file', async () => {
    await expect(files.write(join(folder, 'missing', 'b.txt'), 'x')).rejects.toThrow('cannot write');
  });

  test('appends', async () => {
    const path = join(folder, 'log.csv');
    await files.append(path, 'a\n');
    await files.append(path, 'b\n');
    expect(await text(path)).toBe('a\nb\n');
  });

  test('only one of many gets a folder', async () => {
    const path = join(folder, 'deep', 'run-1');
    const made = await Promise.all(Array.from({ length: 8 }, () => files.makeFolder(path)));
    expect(made.filter(Boolean)).toHaveLength(1);
    expect(await files.list(join(folder, 'deep'))).toEqual(['run-1']);
  });

  test('what is in the way is named', async () => {
    const file = join(folder, 'file');
    await files.write(file, 'no folder');
    await expect(files.makeFolder(join(file, 'runs', 'a'))).rejects.toThrow(`cannot make the folder ${file}`);
    await expect(files.makeFolder(join(file, 'a'))).rejects.toThrow(`cannot make the folder ${file}`);
    await expect(files.append(join(file, 'log.csv'), 'x')).rejects.toThrow(`cannot write ${file}`);
  });

  test('removes, also what is not there', async () => {
    const path = join(folder, 'c.txt');
    await files.write(path, new Uint8Array([1]));
    await files.remove(path);
    await files.remove(path);
    expect(await files.exists(path)).toBe(false);
  });
});

test('a worker answers', async () => {
  const worker = nodePlatform.startWorker('receive((value) => send(value + 1));', 'test');
  const answer = new Promise((resolve, reject) => {
    worker.onMessage(resolve);
    worker.onError(reject);
  });
  worker.post(41);
  expect(await answer).toBe(42);
  await worker.terminate();
});
