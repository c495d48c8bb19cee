import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvLine, parseCsv } from '../../src/utils/csv.js';

test('what is written is read', () => {
  expect(parseCsv('a,"b ""c"", d"\r\n\n1,\n"x\ny",2')).toEqual([
    ['a', 'b "c", d'],
    ['1', ''],
    ['x\ny', '2'],
  ]);
  expect(parseCsv('a,')).toEqual([['a', '']]);
  expect(parseCsv('')).toEqual([]);
  const rows = fc.array(fc.array(fc.string({ unit: 'binary' }), { minLength: 2, maxLength: 5 }));
  fc.assert(
    fc.property(rows, (written) => {
      expect(parseCsv(written.map((row) => `${csvLine(row)}\n`).join(''))).toEqual(written);
    }),
  );
});
