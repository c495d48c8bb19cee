import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ops } from '../../src/ops/index.js';

const root = resolve(import.meta.dirname, '../..');

function files(folder: string, ...extensions: string[]): string[] {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((file) => !file.includes('node_modules/') && extensions.some((extension) => file.endsWith(extension)))
    .map((file) => `${folder}/${file}`);
}

const source = [
  ...files('src', '.ts').filter((file) => !file.endsWith('.d.ts')),
  ...files('assembly', '.ts'),
  ...files('shaders', '.wgsl'),
];
const all = [...source, ...files('tests', '.ts')];

test('no file is longer than 500 lines', () => {
  const long = all.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 501);
  expect(long).toEqual([]);
});

describe('names', () => {
  test('TypeScript files are kebab-case, shaders snake_case', () => {
    const odd = all.filter((file) => {
      const name = basename(file).replace(/(\.d|\.test|\.devices|\.browser|\.node|\.worker)*\.(ts|wgsl)$/, '');
      return !(file.endsWith('.wgsl') ? /^[a-z0-9_]+$/ : /^[a-z0-9]+(-[a-z0-9]+)*$/).test(name);
    });
    expect(odd).toEqual([]);
  });

  test('every operator lives in a file of its family', () => {
    const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const homes = files('src/ops', '.ts').map((file) => basename(file, '.ts'));
    for (const name of Object.keys(ops)) {
      const family = name.replace(/(Backward|Inference|Apply).*$/, '').replace(/^logSoftmax$/, 'softmax');
      expect(homes).toContain(kebab(family));
    }
  });
});

test('code marks nothing as unfinished and exports nothing by default', () => {
  const marks = new RegExp(['TO' + 'DO', 'FIX' + 'ME', '^export ' + 'default'].join('|'), 'm');
  expect(source.filter((file) => marks.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
});
