import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findOnnxRuntime } from '../../../src/cli/onnx-runtime.js';
import { verify } from '../../../src/formats/inference/verify.js';
import { decodeModel } from '../../../src/formats/onnx/decode.js';
import { encodeModel } from '../../../src/formats/onnx/encode.js';
import { onnxExecutor } from '../../../src/formats/onnx/executor.js';
import { exportOnnx } from '../../../src/formats/onnx/export.js';
import { readOnnx, withContents, writeOnnx } from '../../../src/formats/onnx/file.js';
import { lintOnnx } from '../../../src/formats/onnx/lint/lint.js';
import type { OnnxModel, OnnxTensor } from '../../../src/formats/onnx/model.js';
import { mobilenetv2 } from '../../../src/models/classification/mobilenetv2.js';
import * as ops from '../../../src/ops/index.js';
import { memoryFiles } from '../../../src/platform/memory-files.js';
import type { Engine } from '../../../src/scheduler/engine.js';
import { readState, State } from '../../../src/tensor/state.js';
import { bodyTask, type Exported, exportTask, networkTask, openEngine, verifyOnnx } from '../../support/onnx.js';

let engine: Engine;
let exported: Exported;
beforeAll(async () => {
  engine = await openEngine();
  const image = { channels: 3, height: 32, width: 32 };
  exported = await exportTask(engine, networkTask(mobilenetv2({ n_classes: 4, width_multiplier: 0.25 })), { image });
});
afterAll(() => engine.close());

const contents = (model: OnnxModel) =>
  model.graph.initializers.map(({ name, type, dims, bytes }) => [name, type, dims, bytes]);

describe('large tensors in a file of their own', () => {
  test('come back, aligned, and run', async () => {
    const disk = new Map<string, Uint8Array>();
    const files = memoryFiles(disk);
    const { model } = exported.file;
    const written = await writeOnnx(files, 'out/net.onnx', model, { externalAbove: 100_000 });
    expect([...disk.keys()].sort()).toEqual([written.data, 'out/net.onnx'].sort());
    expect(written.data).toMatch(/^out\/net-[0-9a-f]{8}\.data$/);

    const file = await readOnnx(files, 'out/net.onnx');
    const outside = file.model.graph.initializers.filter(({ external }) => external);
    expect(outside.length).toBeGreaterThan(20);
    expect(outside.every(({ external }) => external!.offset % 4096 === 0 && external!.length >= 1024)).toBe(true);
    expect(contents(withContents(file))).toEqual(contents(model));
    expect(lintOnnx(file)).toEqual([]);
    const { runtime, name } = (await findOnnxRuntime())!;
    expect(await verify(engine, exported.model, onnxExecutor(runtime, name, file), 'f32')).toMatchObject({
      passed: true,
    });
  });

  test('stay in the model below the threshold', async () => {
    const disk = new Map<string, Uint8Array>();
    await writeOnnx(memoryFiles(disk), 'net.onnx', exported.file.model);
    expect([...disk.keys()]).toEqual(['net.onnx']);
    expect(disk.get('net.onnx')).toEqual(exported.file.bytes);
  });

  test('are refused when the data file is cut off', async () => {
    const disk = new Map<string, Uint8Array>();
    const files = memoryFiles(disk);
    const { data } = await writeOnnx(files, 'net.onnx', exported.file.model, { externalAbove: 0 });
    disk.set(data!, disk.get(data!)!.slice(0, 5000));
    await expect(readOnnx(files, 'net.onnx')).rejects.toThrow(/which has 5000 bytes/);
  });

  test.each(['../secret', '/etc/passwd', 'C:\\secret', 'a/../../b', '..', 'a\\b', '', 'a//b'])(
    'location %j is not opened',
    async (location) => {
      const { model } = exported.file;
      const [first, ...rest] = model.graph.initializers;
      const outside: OnnxTensor = {
        ...first,
        bytes: new Uint8Array(0),
        external: { location, offset: 0, length: first.bytes.length },
      };
      const disk = new Map([
        [
          'net.onnx',
          new Uint8Array(
            Buffer.concat(encodeModel({ ...model, graph: { ...model.graph, initializers: [outside, ...rest] } })),
          ),
        ],
      ]);
      await expect(readOnnx(memoryFiles(disk), 'net.onnx')).rejects.toThrow(/not below the folder of the model/);
    },
  );
});

describe('damaged files are refused', () => {
  test('cut off anywhere', () => {
    const { bytes } = exported.file;
    // The last fields are optional, so a file that ends between two of them is whole.
    for (let length = 0; length < bytes.length - 2000; length += Math.ceil(bytes.length / 50)) {
      expect(() => decodeModel(bytes.subarray(0, length))).toThrow(/is no ONNX model|bytes|ends within/);
    }
  });

  test('of another kind', () => {
    expect(() => decodeModel(new TextEncoder().encode('PK\u0003\u0004 this is a zip file, or text'))).toThrow();
    expect(() => decodeModel(new Uint8Array(0))).toThrow(/no ONNX model/);
  });

  test.each([
    [
      'a shape that asks for more than there is',
      { dims: [1e6, 1e6], bytes: new Uint8Array(4) },
      /needs 4000000000000 bytes, it has 4/,
    ],
    ['a negative size', { dims: [-4], bytes: new Uint8Array(4) }, /has shape \[-4\]/],
    ['a size beyond all numbers', { dims: [2 ** 40, 2 ** 40], bytes: new Uint8Array(4) }, /has shape/],
  ])('%s', (_, change, message) => {
    const { model } = exported.file;
    const initializers = [{ ...model.graph.initializers[0], ...change }];
    const bytes = Buffer.concat(encodeModel({ ...model, graph: { ...model.graph, initializers } }));
    expect(() => decodeModel(new Uint8Array(bytes))).toThrow(message);
  });
});

describe('options', () => {
  const task = () => networkTask(mobilenetv2({ n_classes: 4, width_multiplier: 0.25 }));
  const image = { channels: 3, height: 32, width: 32 };

  test('half precision', async () => {
    const half = await exportTask(engine, task(), { image, fp16: true });
    expect(half.file.bytes.length).toBeLessThan(0.6 * exported.file.bytes.length);
    expect(lintOnnx(half.file)).toEqual([]);
    expect(half.file.model.graph.inputs[0].type).toBe('float');
    const report = await verifyOnnx(engine, half, 'f16');
    expect(report.reason).toBe(undefined);
    expect(Math.min(...report.batches.map(({ snr }) => snr))).toBeGreaterThan(50);
  });

  test('half precision refuses weights that are too large, by name', async () => {
    const weight = new State('fc.weight', [2, 192], 'parameter', () => new Float32Array(384).fill(1e5));
    const body = bodyTask((x) => ops.linear(ops.flatten(x), readState(weight)));
    await expect(exportTask(engine, body, { fp16: true })).rejects.toThrow(/fc_weight holds 100000/);
  });

  test('embedded preprocessing takes bytes', async () => {
    const embedded = await exportTask(engine, task(), { image, embedPreprocessing: true });
    expect(embedded.file.model.graph.inputs).toEqual([{ name: 'image', type: 'uint8', dims: ['N', 3, 32, 32] }]);
    expect(lintOnnx(embedded.file)).toEqual([]);
    expect(await verifyOnnx(engine, embedded)).toMatchObject({ passed: true });
    const metadata = JSON.parse(embedded.file.model.metadata.get('preprocessing')!);
    expect(metadata).toMatchObject({ embedded: true, layout: 'NCHW', channels: 'RGB' });
    expect(metadata.mean[0]).toBeCloseTo(2.1 / (255 * 0.017), 9);
  });

  test('opsets that cannot be written', () => {
    for (const opset of [16, 22, 17.5]) expect(() => exportOnnx(exported.model, { opset })).toThrow(/use 17 to 21/);
  });
});
