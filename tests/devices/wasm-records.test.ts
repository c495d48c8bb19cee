import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { WasmKernel } from '../../src/devices/wasm/kernel.js';

const sources = import.meta.glob<string>('/assembly/kernels/*.ts', { query: '?raw', import: 'default', eager: true });
const modules = import.meta.glob<Record<string, unknown>>('/src/devices/wasm/kernels/*.ts', { eager: true });

const isKernel = (value: unknown): value is WasmKernel =>
  typeof value === 'object' && value !== null && 'name' in value && 'fields' in value;

/** Every record once: a file may pass on another file's. */
const kernels = [...new Set(Object.values(modules).flatMap((module) => Object.values(module).filter(isKernel)))];

const kinds: Record<string, string> = { usize: 'ptr', i32: 'i32', f32: 'f32' };

/** Fields of each `class XArgs { name: type; ... }`, in order. */
const classes = new Map<string, [name: string, kind: string][]>();
for (const source of Object.values(sources)) {
  const code = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
  for (const [, name, body] of code.matchAll(/class (\w+Args)\s*\{([^}]*)\}/g)) {
    const fields = [...body.matchAll(/(\w+)\s*:\s*(\w+)\s*;/g)];
    classes.set(
      name,
      fields.map(([, field, type]) => [field, kinds[type] ?? type]),
    );
  }
}

const className = (kernel: string): string => `${kernel[0].toUpperCase()}${kernel.slice(1)}Args`;

const builds = ['kernels.wasm', 'kernels.shared.wasm'].map((name) => {
  const bytes = readFileSync(new URL(`../../build/${name}`, import.meta.url));
  return { name, bytes, module: new WebAssembly.Module(bytes) };
});

/** Section numbers of a module, in order: binary format of the WebAssembly specification, §5.5.2. */
function sections(bytes: Uint8Array): number[] {
  const result: number[] = [];
  let position = 8;
  while (position < bytes.length) {
    result.push(bytes[position++]);
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[position++];
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    position += length;
  }
  return result;
}

test('there are records to check', () => {
  expect(kernels.length).toBeGreaterThan(30);
});

test.each(kernels)('$name: the record has the fields of the AssemblyScript class', ({ name, fields }) => {
  expect(classes.get(className(name)), `class ${className(name)}`).toEqual(Object.entries(fields));
});

test('no two records share a name', () => {
  const names = kernels.map(({ name }) => name);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

test('every argument class belongs to a record, but for the probes that the bench command calls', () => {
  const used = new Set(kernels.map(({ name }) => className(name)));
  expect([...classes.keys()].filter((name) => !used.has(name) && !name.startsWith('Probe'))).toEqual([]);
});

test.each(builds)('$name exports every kernel', ({ module }) => {
  const exported = new Set(WebAssembly.Module.exports(module).map(({ name }) => name));
  expect(kernels.map(({ name }) => name).filter((name) => !exported.has(name))).toEqual([]);
});

test.each(builds)('$name imports its memory, the call that lets a thread sleep, and nothing else', ({ module }) => {
  expect(WebAssembly.Module.imports(module)).toEqual([
    { module: 'env', name: 'park', kind: 'function' },
    { module: 'env', name: 'memory', kind: 'memory' },
  ]);
});

test.each(builds)('$name has no data: every thread instantiates it over the same memory', ({ bytes }) => {
  const data = 11;
  expect(sections(bytes)).not.toContain(data);
});
