import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Metafile } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { minifyWgsl } from '../../build/wgsl.mjs';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const manifest = JSON.parse(read('package.json'));

/** Modules of Node that a bundle asks for. */
const nodeImports = ({ outputs }: Metafile): string[] =>
  Object.values(outputs)
    .flatMap(({ imports }) => imports.map(({ path }) => path))
    .filter((path) => path.startsWith('node:') || builtinModules.includes(path));

describe('a page', () => {
  test('that imports the library gets no Node code, no dependency, and at most 150 KB', async () => {
    const { metafile, outputFiles } = await build({
      absWorkingDir: root,
      stdin: { contents: "export * from 'cvnets';", resolveDir: root },
      bundle: true,
      minify: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      logLevel: 'silent',
    });
    const inputs = Object.keys(metafile.inputs).filter((path) => path !== '<stdin>');
    expect(inputs).toContain('build/dist/index.browser.js');
    expect(inputs.filter((path) => !path.startsWith('build/dist/'))).toEqual([]);
    expect(nodeImports(metafile)).toEqual([]);
    expect(gzipSync(outputFiles[0].contents).length).toBeLessThanOrEqual(150 * 1024);
  });

  test('that reads recipes gets no Node code, and the modules of the library once', async () => {
    const { metafile } = await build({
      absWorkingDir: root,
      stdin: { contents: "export * from 'cvnets'; export * from 'cvnets/config';", resolveDir: root },
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      logLevel: 'silent',
    });
    expect(nodeImports(metafile)).toEqual([]);
    const ours = Object.keys(metafile.inputs).filter((path) => path.startsWith('build/dist/'));
    const texts = ours.map(read);
    expect(ours.length).toBeGreaterThan(2);
    expect(texts.filter((text) => /class ConfigError\b|ConfigError = class/.test(text))).toHaveLength(1);
  });
});

describe('package.json', () => {
  test('each condition of an export names its types first', () => {
    for (const name of ['.', './config']) {
      for (const entry of Object.values<Record<string, unknown>>(manifest.exports[name])) {
        expect(Object.keys(entry)[0]).toBe('types');
      }
      expect(Object.keys(manifest.exports[name])).toEqual(['browser', 'default']);
    }
  });

  test('every npm script starts a file that exists', () => {
    for (const script of Object.values<string>(manifest.scripts)) {
      for (const [path] of script.matchAll(/\bbuild\/\S+\.mjs/g)) expect(existsSync(join(root, path))).toBe(true);
    }
  });

  test('the lock file names no registry and pins what package.json asks for', () => {
    const lock = JSON.parse(read('package-lock.json'));
    const resolved = Object.entries<{ resolved?: string }>(lock.packages).filter(([, { resolved }]) => resolved);
    expect(resolved).toEqual([]);
    const { dependencies, devDependencies } = lock.packages[''];
    expect({ dependencies, devDependencies }).toEqual({
      dependencies: manifest.dependencies,
      devDependencies: manifest.devDependencies,
    });
  });
});

describe('shaders in the bundle', () => {
  test.each([
    ['// y = x\nfn main() {\n  y = x; // copy\n}\n', 'fn main(){y = x;}'],
    ['/* a /* nested */ comment */ const a = 1;', 'const a = 1;'],
    ['let d = a - -b;', 'let d = a - -b;'],
    ['override TILE: u32 = 8u;\n@id(1) override N: u32;', 'override TILE:u32 = 8u;@id(1)override N:u32;'],
    ['let ok = a && b || c <= d;', 'let ok = a&&b||c<=d;'],
  ])('%j', (source, expected) => {
    expect(minifyWgsl(source)).toBe(expected);
  });
});
