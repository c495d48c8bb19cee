import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { JpegDecoder } from '../../../src/data/images/jpeg.js';
import { nodePlatform } from '../../../src/platform/node.js';
import { FormatError } from '../../../src/utils/errors.js';

/** 260 streams of other projects' tests, with the hash of what djpeg makes of each. Not part of this repository. */
const folder = resolve(import.meta.dirname, '../../../../shared/data/jpeg');
const present = existsSync(folder);

/** djpeg writes gray pictures as PGM, colour as PPM. */
function netpbmHash(width: number, height: number, components: number, rgb: Uint8Array): string {
  const hash = createHash('md5').update(`P${components === 1 ? 5 : 6}\n${width} ${height}\n255\n`);
  return hash.update(components === 1 ? rgb.filter((_, i) => i % 3 === 0) : rgb).digest('hex');
}

test.skipIf(!present)(`streams of a collection are djpeg’s${present ? '' : ` (there is no ${folder})`}`, async () => {
  const decoder = await JpegDecoder.create(nodePlatform);
  const [head, ...lines] = readFileSync(join(folder, 'MANIFEST.tsv'), 'utf8').trimEnd().split('\n');
  const columns = head.split('\t');
  const count = { equal: 0, refused: 0, different: [] as string[] };
  for (const line of lines) {
    const row = Object.fromEntries(line.split('\t').map((value, i) => [columns[i], value]));
    const bytes = readFileSync(join(folder, row.file));
    try {
      const { components } = decoder.header(bytes);
      const { width, height, data } = decoder.decode(bytes);
      if (!row.md5_ppm_djpeg) continue;
      if (netpbmHash(width, height, components, data) === row.md5_ppm_djpeg) count.equal++;
      else count.different.push(row.file);
    } catch (error) {
      expect(error, row.file).toBeInstanceOf(FormatError);
      count.refused++;
      // What djpeg decodes without a warning may be refused for its kind only.
      const inScope = /^SOF[01]$/.test(row.sof) && row.prec === '8' && /^[13]$/.test(row.comps);
      if (row.kind === 'ok') expect({ file: row.file, inScope }).toEqual({ file: row.file, inScope: false });
    }
  }
  expect(count.different).toEqual([]);
  expect(count.equal).toBeGreaterThan(40);
});
