import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/utils/errors.js';
import { namePattern } from '../../src/utils/pattern.js';

test('matches from the start, as re.match', () => {
  const pattern = namePattern('layer_1|classifier', 'key');
  expect(['layer_1.0.weight', 'layer_12', 'classifier.fc', 'my.layer_1'].map((name) => pattern.test(name))).toEqual([
    true,
    true,
    true,
    false,
  ]);
});

test('anywhere, as re.sub', () => {
  expect('a.block.block.b'.replace(namePattern('block', 'key', true), 'x')).toBe('a.x.x.b');
});

describe('what could take long, or means something else in Python, is refused', () => {
  test.each([
    ['(a+)+$', 'a repeated group'],
    ['(a|aa)*b', 'a repeated group'],
    ['(?:a|b){2,}', 'a repeated group'],
    ['(a)\\1', 'a reference to a group'],
    ['(?=a)', 'a group with ?'],
    ['(?P<x>a)', 'a group with ?'],
    ['.*.*.*.*x', 'repeats 4 times'],
    ['a'.repeat(201), 'has 201 characters'],
    ['[', 'is no regular expression'],
    ['a)', 'is no regular expression'],
  ])('%s', (source, message) => {
    expect(() => namePattern(source, 'key')).toThrow(ConfigError);
    expect(() => namePattern(source, 'key')).toThrow(message);
  });

  test('escapes and classes are no groups', () => {
    for (const source of ['layer_\\d+\\.', '\\(a\\)+', '[()]+', 'block\\.[0-9]+\\.(conv|norm)']) {
      expect(() => namePattern(source, 'key')).not.toThrow();
    }
  });

  test('what is left is fast on long names', () => {
    const pattern = namePattern('.*.*.*x$', 'key');
    const started = performance.now();
    for (let i = 0; i < 300; i++) pattern.test('layer.'.repeat(16));
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
