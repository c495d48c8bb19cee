import { expect, test } from 'vitest';
import { chooseCases } from '../../../src/cli/bench/choose.js';

const cases = ['mobilenetv1 96', 'mobilenetv2 96', 'resnet50 224', 'copy 8x4', 'copying 9'].map((name) => ({ name }));
const chosen = (filter?: string) => chooseCases(cases, filter).map(({ name }) => name);

test('whole words come before starts of words; the inside of a word is no match', () => {
  expect(chosen()).toHaveLength(5);
  expect(chosen('copy')).toEqual(['copy 8x4']);
  expect(chosen('mobilenet')).toEqual(['mobilenetv1 96', 'mobilenetv2 96']);
  expect(chosen('mobilenetv2 96')).toEqual(['mobilenetv2 96']);
  expect(() => chosen('lenet')).toThrow('--filter lenet matches no case');
  expect(() => chosen('(')).toThrow('names start with mobilenetv1');
});
