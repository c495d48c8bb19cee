import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { coremltoolsFact } from '../../src/cli/export/coremltools.js';
import { lintPackage } from '../../src/formats/coreml/read/lint/lint.js';
import { lintNeural } from '../../src/formats/coreml/read/neural/lint.js';
import { writePackage } from '../../src/formats/coreml/write/package.js';
import { exportProgram } from '../../src/formats/coreml/write/program.js';
import { bars } from '../../src/formats/inference/accuracy.js';
import type { Verification } from '../../src/formats/inference/verify.js';
import { nodePlatform } from '../../src/platform/node.js';
import type { Engine } from '../../src/scheduler/engine.js';
import { exportNetwork, exportPackage, verifyNetwork, verifyPackage } from '../support/coreml.js';
import { everyNetwork, image, randomTask } from '../support/every-network.js';
import { openEngine } from '../support/onnx.js';

const folder = mkdtempSync(join(tmpdir(), 'cvnets-coreml-'));
const noise = ({ batches }: Verification): string => Math.min(...batches.map(({ snr }) => snr)).toFixed(1);

/** Random values whose activations overflow in half precision (ResNet), or do not bear that each is rounded. */
const tooNoisy: ReadonlySet<string> = new Set(['resnet 101', 'mobilevit_v2 0.5', 'mobilevit_v2 1.5']);

console.log('| network | operations | f32 error | f32 dB | f16 dB | mlmodel dB | coremltools |');
console.log('| --- | --- | --- | --- | --- | --- | --- |');

describe('exported to CoreML, run and, where Python has it, loaded by coremltools', () => {
  test.each(everyNetwork)('%s', async (name, build) => {
    const engine: Engine = await openEngine();
    const [packagePath, networkPath] = [join(folder, 'net.mlpackage'), join(folder, 'net.mlmodel')];
    try {
      const task = await randomTask(engine, name, build);
      const program = await exportPackage(engine, task, { image });
      expect(lintPackage(program.written)).toEqual([]);
      const f32 = await verifyPackage(engine, program);
      const half = await exportPackage(engine, task, { image, fp16: true });
      expect(lintPackage(half.written)).toEqual([]);
      const f16 = await verifyPackage(engine, half, 'f16');
      const network = await exportNetwork(engine, task, { image });
      expect(lintNeural(network.written)).toEqual([]);
      const neural = await verifyNetwork(engine, network);
      await writePackage(nodePlatform.files, packagePath, exportProgram(program.model));
      writeFileSync(networkPath, network.bytes);
      const opinions = [await coremltoolsFact(packagePath), await coremltoolsFact(networkPath)];
      const loaded = opinions.every((opinion) => opinion?.includes('loads it')) ? 'loads both' : 'not here';
      const { operations } = program.written.model.main;
      const count = operations.filter(({ type }) => type !== 'const').length;
      const relative = Math.max(...f32.batches.map((batch) => batch.relative)).toExponential(1);
      const decibels = [f32, f16, neural].map(noise).join(' | ');
      console.log(`| ${name} | ${count} | ${relative} | ${decibels} | ${loaded} |`);
      expect([f32.reason, neural.reason]).toEqual([undefined, undefined]);
      // Of classes that are as likely as each other, half precision may choose another one; its noise is what counts.
      expect(Number(noise(f16)) >= bars.f16.snr).toBe(!tooNoisy.has(name));
    } finally {
      await engine.close();
      rmSync(packagePath, { recursive: true, force: true });
    }
  });
});
