import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { minifyWgsl } from '../../../build/wgsl.mjs';
import { requestAdapter } from '../../support/dawn.js';

const shaders = resolve(import.meta.dirname, '../../../shaders');
const device = await (await requestAdapter()).requestDevice();
afterAll(() => device.destroy());

const names = readdirSync(shaders, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.wgsl'));

/** The bundle holds shaders without comments and most white space: they must still be WGSL. */
test.each(names.sort())('%s compiles as it is bundled', async (name) => {
  const code = minifyWgsl(readFileSync(join(shaders, name), 'utf8'));
  device.pushErrorScope('validation');
  const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
  await device.popErrorScope();
  expect(messages.filter(({ type }) => type === 'error').map(({ message }) => message)).toEqual([]);
});
