import { describe, expect, test } from 'vitest';
import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import type { Shader } from '../../src/devices/webgpu/kernel.js';

const modules = import.meta.glob<Record<string, unknown>>('../../src/devices/webgpu/kernels/*.ts', { eager: true });

function isShader(value: unknown): value is Shader {
  return typeof value === 'object' && value !== null && 'source' in value && 'bindings' in value;
}

const shaders = Object.values(modules).flatMap((module) => Object.values(module).filter(isShader));

/** The module's declarations come before its functions, whose bodies wgsl_reflect cannot all parse: it reserves names. */
const declarations = (source: string): string => source.split(/^(?:@compute|fn )/m)[0];

/** Limits that WebGPU promises everywhere. */
const MOST_STORAGE_BUFFERS = 8;
const WORKGROUP_BYTES = 16384;

describe.each(shaders.map((shader) => [shader.name, shader] as const))('%s', (_, shader) => {
  const wgsl = new WgslReflect(declarations(shader.source));
  const [group = []] = wgsl.getBindGroups();
  // Sparse: a shader without Params has nothing at binding 0.
  const bound = [...group].filter(Boolean);

  test('the record names the storage buffers in binding order', () => {
    const storage = bound.filter(({ binding }) => binding > 0);
    expect(storage.map(({ name }) => name)).toEqual(shader.bindings);
    expect(storage.map(({ binding }) => binding)).toEqual(shader.bindings.map((_, i) => i + 1));
    expect(wgsl.getBindGroups()).toHaveLength(1);
  });

  test('every buffer is read_write: they all may lie in one GPUBuffer', () => {
    for (const { name, access } of wgsl.storage) expect([name, access]).toEqual([name, 'read_write']);
  });

  test('the record has the members of Params', () => {
    const struct = wgsl.structs.find(({ name }) => name === 'Params');
    const members = (struct?.members ?? []).map(({ name, type }) => [name, type.name]);
    expect(members).toEqual(Object.entries(shader.params));
    expect(wgsl.uniforms.map(({ name, binding }) => [name, binding])).toEqual(struct ? [['params', 0]] : []);
  });

  test('the record has the overrides', () => {
    expect(wgsl.overrides.map(({ name }) => name)).toEqual(shader.overrides);
  });

  test('the default limits suffice', () => {
    expect(shader.bindings.length).toBeLessThanOrEqual(MOST_STORAGE_BUFFERS);
    const declared = [...shader.source.matchAll(/var<workgroup>\s+\w+\s*:\s*array<\s*(\w+)\s*,\s*(\d+)\s*>/g)];
    const lane = /alias Lane = (\w+);/.exec(shader.source)?.[1] ?? '';
    const words: Record<string, number> = { f32: 1, u32: 1, i32: 1, vec2f: 2, vec3f: 4, vec4f: 4, vec4u: 4 };
    const bytes = declared.reduce((sum, [, type, count]) => sum + 4 * (words[type] ?? words[lane]) * Number(count), 0);
    expect(bytes).toBeLessThanOrEqual(WORKGROUP_BYTES);
  });
});

test('no two shaders share a name: pipelines are cached by it', () => {
  const sources = new Map<string, Set<string>>();
  for (const { name, source } of shaders) sources.set(name, (sources.get(name) ?? new Set()).add(source));
  expect([...sources].filter(([, texts]) => texts.size > 1).map(([name]) => name)).toEqual([]);
  expect(shaders.length).toBeGreaterThan(40);
});
