import { expect, test } from 'vitest';
import { editDistance, nearest, suggestion } from '../../src/utils/suggest.js';

test.each([
  ['', 'abc', 3],
  ['kitten', 'sitting', 3],
  ['nestrov', 'nesterov', 1],
  ['leanring', 'learning', 1],
])('%s to %s takes %i edits', (a, b, edits) => {
  expect(editDistance(a, b)).toBe(edits);
  expect(editDistance(b, a)).toBe(edits);
});

test('suggests only what is near', () => {
  expect(nearest('optim.sgd.momentun', ['optim.sgd.momentum', 'optim.name'])).toBe('optim.sgd.momentum');
  expect(nearest('zzz', ['momentum'])).toBeUndefined();
  expect(suggestion('mobilnetv2', ['mobilenetv2', 'resnet'])).toBe("did you mean 'mobilenetv2'?");
  expect(suggestion('x', ['mobilenetv2', 'resnet'])).toBe('known: mobilenetv2, resnet');
});
