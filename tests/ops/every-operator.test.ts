import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ops } from '../../src/ops/index.js';
import { reference } from '../reference/index.js';

/** Tested together with another operator of the same file in src/ops. */
const partOf: Readonly<Record<string, string>> = {
  batchNormApply: 'batchNorm',
  batchNormInference: 'batchNorm',
  logSoftmax: 'softmax',
};

test('every operator has a test file and a reference', () => {
  const files = readdirSync(import.meta.dirname);
  for (const name of Object.keys(ops)) {
    const forward = name.replace(/Backward(Input|Weight)?$/, '');
    const kebab = (partOf[forward] ?? forward).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    expect(files, name).toContain(`${kebab}.test.ts`);
  }
  expect(Object.keys(reference).sort()).toEqual(Object.keys(ops).sort());
});
