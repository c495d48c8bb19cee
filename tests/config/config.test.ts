import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyNames, keys } from '../../src/config/keys/index.js';
import { configToYaml, resolveConfig } from '../../src/config/resolve.js';
import { parseValue, parseYaml, type Setting } from '../../src/config/yaml.js';

const load = (text: string, overrides: Setting[] = []) => resolveConfig([...parseYaml(text, 'a.yaml'), ...overrides]);
const override = (key: string, value: unknown): Setting => ({ key, value, where: 'command line' });

test('nested and dotted names are the same, defaults fill the rest', () => {
  const config = load('optim:\n  name: adamw\n  adamw.beta1: 0.8\nscheduler.multi_step.milestones: [60, 84]\n');
  expect(config['optim.name']).toBe('adamw');
  expect(config['optim.adamw.beta1']).toBe(0.8);
  expect(config['scheduler.multi_step.milestones']).toEqual([60, 84]);
  expect(config['optim.sgd.momentum']).toBe(0.9);
});

test('the command line beats the file', () => {
  expect(load('common:\n  seed: 1\n', [override('common.seed', 2)])['common.seed']).toBe(2);
});

test('empty groups and null mean unset', () => {
  expect(load('optim:\ncommon:\n  grad_clip: null\n  seed:\n')['common.seed']).toBe(0);
  expect(load('')['common.seed']).toBe(0);
});

describe('errors say where, what and what else', () => {
  test.each([
    [
      'optim:\n  sgd:\n    nestrov: true\n',
      "a.yaml:3: unknown key optim.sgd.nestrov = true; did you mean 'optim.sgd.nesterov'?",
    ],
    ['optim:\n  sgd:\n    momentum: high\n', 'a.yaml:3: optim.sgd.momentum = "high": needs a number'],
    ['optim:\n  name: sdg\n', 'expected one of "sgd"|"adam"|"adamw"'],
    ['optim:\n  sgd: 3\n', 'a.yaml:2: unknown key optim.sgd = 3; it is a group of optim.sgd.momentum'],
    ['momentum: 3\n', 'did you mean'],
    ['common:\n  seed: 1\n  seed: 2\n', 'a.yaml:3: Map keys must be unique'],
    ['common:\n  seed: 1\ncommon.seed: 2\n', 'a.yaml:3: common.seed was set before, at a.yaml:2'],
    ['common:\n  __proto__: 1\n', 'a.yaml:2: __proto__ is not allowed'],
    ['__proto__:\n  seed: 1\n', 'a.yaml:1: __proto__ is not allowed'],
    ['a: [1,\n', 'a.yaml:'],
    ['- 1\n', 'a.yaml holds no keys'],
    ['a: &x 1\nb: *x\n', 'a.yaml:2: b is an alias'],
  ])('%j', (text, message) => {
    expect(() => load(text)).toThrow(message);
  });

  test('all of them at once', () => {
    expect(() => load('common:\n  sed: 1\n  seed: -1\n')).toThrow(
      /a\.yaml:2: .*common\.seed.*\na\.yaml:3: common\.seed = -1/,
    );
  });

  test('on the command line too', () => {
    expect(() => resolveConfig([override('common.seeds', 3)])).toThrow(
      "command line: unknown key common.seeds = 3; did you mean 'common.seed'?",
    );
  });
});

test('what is written loads to the same', () => {
  const config = load(
    'optim:\n  name: adam\ncommon:\n  grad_clip: 2.5\nscheduler:\n  multi_step:\n    milestones: [1, 2]\n',
  );
  expect(load(configToYaml(config))).toEqual(config);
  expect(configToYaml(load(configToYaml(config)))).toBe(configToYaml(config));
});

test('every key has a description and a default that it accepts', () => {
  for (const name of keyNames) {
    expect(keys[name].description, name).toBeTruthy();
    const value = keys[name].parse(undefined);
    expect(keys[name].parse(value), name).toEqual(value);
  }
});

test('command-line values are YAML', () => {
  expect(['0.1', '1e-5', 'true', '[60, 84]', 'cosine', '', '{', 'a: b: c'].map(parseValue)).toEqual([
    0.1,
    1e-5,
    true,
    [60, 84],
    'cosine',
    null,
    '{',
    'a: b: c',
  ]);
});

test('any text gives a configuration or an error of ours', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), (text) => {
      try {
        load(text);
      } catch (error) {
        expect((error as Error).name).toBe('ConfigError');
      }
    }),
  );
  expect(({} as Record<string, unknown>).seed).toBeUndefined();
});
