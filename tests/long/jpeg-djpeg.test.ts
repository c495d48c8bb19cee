import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { JpegDecoder } from '../../src/data/images/jpeg.js';
import { nodePlatform } from '../../src/platform/node.js';
import { FormatError } from '../../src/utils/errors.js';
import { jpegCases } from '../support/jpeg-cases.js';
import { encodeJpeg } from '../support/jpeg-encoder.js';

/** Folders of photos, separated by commas; by default the data beside this repository, which is not part of it. */
const data = resolve(import.meta.dirname, '../../../shared/data');
const folders =
  process.env.CVNETS_JPEG_FOLDERS?.split(',') ?? ['tiny', 'flowers', 'objects64'].map((name) => join(data, name));
const djpeg = spawnSync('djpeg', ['-version']);
const missing = djpeg.error ? 'djpeg, of libjpeg-turbo, is not installed' : undefined;

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');

/** Run with `-u`, this writes the fixture. */
test.skipIf(missing)(`the stored hashes are djpeg’s${missing ? ` (${missing})` : ''}`, async () => {
  const lines = [...jpegCases()].map(({ recipe }) => {
    const stream = encodeJpeg(recipe);
    const { stdout, status } = spawnSync('djpeg', ['-rgb', '-pnm'], { input: stream, maxBuffer: 1 << 30 });
    expect(status).toBe(0);
    return `  ${JSON.stringify({ stream: md5(stream), picture: md5(stdout) })}`;
  });
  await expect(`[\n${lines.join(',\n')}\n]\n`).toMatchFileSnapshot('../fixtures/jpeg-md5.json');
});

for (const folder of folders) {
  const reason = missing ?? (existsSync(folder) ? undefined : 'there is no such folder');
  test.skipIf(reason)(`${folder}: every byte is djpeg’s${reason ? ` (${reason})` : ''}`, async () => {
    const decoder = await JpegDecoder.create(nodePlatform);
    let equal = 0;
    const refused: Record<string, number> = {};
    const different: string[] = [];
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
      if (!/\.jpe?g$/i.test(name)) continue;
      const path = join(folder, name);
      try {
        const ours = decoder.decode(readFileSync(path)).data;
        const { stdout } = spawnSync('djpeg', ['-rgb', '-pnm', path], { maxBuffer: 1 << 30 });
        if (Buffer.compare(stdout.subarray(stdout.length - ours.length), ours) === 0) equal++;
        else different.push(name);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        const [why] = error.message.split('\n');
        refused[why] = (refused[why] ?? 0) + 1;
      }
    }
    console.log(`${folder}: ${equal} equal, ${different.length} different, refused:`, refused);
    expect(different).toEqual([]);
    expect(equal).toBeGreaterThan(0);
  });
}
