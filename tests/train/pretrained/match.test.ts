import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fromTypedArray } from '../../../src/formats/safetensors.js';
import { readWeights } from '../../../src/formats/weights/read.js';
import { mobilenetv2 } from '../../../src/models/classification/mobilenetv2.js';
import { type NameMap, variantFacts } from '../../../src/models/classification/variants/index.js';
import { namedParameters } from '../../../src/nn/module.js';
import { nodePlatform } from '../../../src/platform/node.js';
import { fits, matchWeights, noScopes } from '../../../src/train/pretrained/match.js';
import { describeMatch, expectFit } from '../../../src/train/pretrained/report.js';
import { matchedValues } from '../../../src/train/pretrained/values.js';

const ramp = (...shape: number[]) =>
  fromTypedArray(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
    shape,
  );
const parameters = new Map([
  ['conv.weight', { shape: [2, 3, 1, 1] }],
  ['norm.running_var', { shape: [2] }],
  ['head.weight', { shape: [5, 2] }],
]);

test('counts what is matched, missing, unexpected and mismatched', () => {
  const file = new Map([
    ['conv.weight', ramp(2, 3, 3, 3)],
    ['norm.running_var', ramp(2)],
    ['norm.num_batches_tracked', ramp()],
    ['old.weight', ramp(1)],
  ]);
  const match = matchWeights(parameters, file, { names: [], scopes: noScopes });
  expect(fits(match)).toBe(false);
  expect(describeMatch(match)).toEqual([
    '  1 tensors matched',
    '  1 missing: head.weight',
    '  1 unexpected: old.weight',
    "  1 mismatched: conv.weight [2,3,1,1] (the file's has [2,3,3,3])",
  ]);
  expect(() => expectFit(match, 'w.pt', 'net')).toThrow('w.pt does not fit net:\n  1 tensors matched\n');
});

test('a head with other classes is left out when that is wanted', () => {
  const file = new Map([
    ['conv.weight', ramp(2, 3, 1, 1)],
    ['norm.running_var', ramp(2)],
    ['head.weight', ramp(7, 2)],
  ]);
  const options = { names: [], scopes: noScopes };
  expect(fits(matchWeights(parameters, file, options))).toBe(false);
  const match = matchWeights(parameters, file, { ...options, head: { path: 'head' } });
  expect([fits(match), match.newHead, match.left]).toEqual([true, 7, ['head.weight']]);
  const other = new Map([...file, ['head.weight', ramp(7, 3)] as const]);
  expect(fits(matchWeights(parameters, other, { ...options, head: { path: 'head' } }))).toBe(false);
});

test('axes are put in order, and the eps of other norms goes into the variances', () => {
  const names: NameMap = {
    theirs: (name) => name.replace('.weight', '/kernel').replace('.running_var', '/moving_variance'),
    axes: (_, rank) => (rank === 4 ? [3, 2, 0, 1] : rank === 2 ? [1, 0] : undefined),
    eps: 1e-3,
  };
  const file = new Map([
    ['conv/kernel', ramp(1, 1, 3, 2)],
    ['norm/moving_variance', ramp(2)],
    ['head/kernel', ramp(2, 5)],
  ]);
  const values = matchedValues(matchWeights(parameters, file, { names: [names], scopes: noScopes }));
  expect([...values.get('conv.weight')!]).toEqual([0, 2, 4, 1, 3, 5]);
  expect([...values.get('head.weight')!]).toEqual([0, 5, 1, 6, 2, 7, 3, 8, 4, 9]);
  expect(values.get('norm.running_var')![0]).toBeCloseTo(1e-3 - 1e-5, 9);
});

test('what is not finite is refused', () => {
  const file = new Map([['norm.running_var', fromTypedArray(Float32Array.of(1, Number.NaN), [2])]]);
  const match = matchWeights(new Map([['norm.running_var', { shape: [2] }]]), file, { names: [], scopes: noScopes });
  expect(() => matchedValues(match)).toThrow('norm.running_var[1] is NaN');
});

const model = resolve(import.meta.dirname, '../../../../shared/data/weights/mobilenetv2_0.35_tfjs/model.json');
describe.skipIf(!existsSync(model))(
  `Keras' MobileNetV2 0.35${existsSync(model) ? '' : ` (${model} is not there)`}`,
  () => {
    test('has every layer of the trunk', async () => {
      const { tensors } = await readWeights(nodePlatform.files, model);
      const network = mobilenetv2({ variant: 'tensorflow', width_multiplier: 0.35 });
      const scopes = { ...noScopes, exclude: [/^dense_/], ignoreMissing: [/^classifier/] };
      const { names } = variantFacts('mobilenetv2', 'tensorflow')!;
      const match = matchWeights(namedParameters(network), tensors, { names, scopes });
      expect(describeMatch(match)).toEqual([
        '  260 tensors matched',
        '  2 left at their initial values: classifier.classifier_fc.weight, classifier.classifier_fc.bias',
      ]);
    });
  },
);
