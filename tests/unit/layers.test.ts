import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

/** A file may use values of its own layer and of those above it in this list. Types may come from anywhere. */
const layers = [
  ['utils'],
  ['platform'],
  ['tensor'],
  ['ops'],
  ['devices'],
  ['graph'],
  ['scheduler'],
  ['nn', 'losses', 'metrics'],
  ['models', 'optim', 'data'],
  ['config'],
  ['train', 'formats'],
  ['cli'],
];
/** Values that these layers may not use although they lie above them: devices implement what graph knows. */
const forbidden: Readonly<Record<string, readonly string[]>> = {
  graph: ['platform', 'devices/wasm', 'devices/webgpu', 'devices/open'],
  nn: ['platform', 'devices', 'graph', 'scheduler'],
  losses: ['platform', 'devices', 'graph', 'scheduler'],
  metrics: ['platform', 'devices', 'graph', 'scheduler'],
};
/** Entry points choose the host and the devices. */
const entryPoints = /^(index(\.\w+)?|devices\/open|scheduler\/open)\.ts$/;

const root = resolve(import.meta.dirname, '../../src');
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
const level = new Map(layers.flatMap((names, i) => names.map((name) => [name, i] as const)));
const layerOf = (path: string): string => path.split('/')[0];

interface Import {
  readonly from: string;
  readonly to: string;
}

function valueImports(): Import[] {
  return sources.flatMap((from) => {
    const text = readFileSync(join(root, from), 'utf8');
    const statements = text.matchAll(/^(?:import|export)\s+(?!type\b)[^;'"]*?from\s+'(\.[^']+)'/gm);
    return [...statements]
      .filter(([statement]) => !/^(?:import|export) \{(?:\s*type [^,}]+,?)+\s*\}/.test(statement))
      .map(([, target]) => ({ from, to: relative(root, resolve(root, dirname(from), target)) }));
  });
}

test('every folder of src has a layer', () => {
  const unknown = sources.filter((path) => path.includes('/') && !level.has(layerOf(path)));
  expect(unknown).toEqual([]);
});

test('no file uses a layer below its own', () => {
  const wrong = valueImports().filter(({ from, to }) => {
    if (entryPoints.test(from) || to.startsWith('..')) return false;
    const banned = forbidden[layerOf(from)] ?? [];
    return level.get(layerOf(to))! > level.get(layerOf(from))! || banned.some((path) => to.startsWith(path));
  });
  expect(wrong).toEqual([]);
});

test('only the Node platform and the command line use Node', () => {
  const wrong = sources.filter((path) => {
    if (path === 'platform/node.ts' || path.startsWith('cli/')) return false;
    return /from 'node:|import\('node:/.test(readFileSync(join(root, path), 'utf8'));
  });
  expect(wrong).toEqual([]);
});

test('only the command line writes to the terminal', () => {
  const wrong = sources.filter(
    (path) => !path.startsWith('cli/') && /\bconsole\.|process\.std/.test(readFileSync(join(root, path), 'utf8')),
  );
  expect(wrong).toEqual([]);
});
