import { afterAll, beforeAll, expect, test } from 'vitest';
import { findOnnxRuntime } from '../../../src/cli/onnx-runtime.js';
import { createWasmDevice } from '../../../src/devices/wasm/device.js';
import { inferenceModel } from '../../../src/formats/inference/model.js';
import { verify } from '../../../src/formats/inference/verify.js';
import { decodeModel } from '../../../src/formats/onnx/decode.js';
import { encodeModel } from '../../../src/formats/onnx/encode.js';
import { onnxExecutor } from '../../../src/formats/onnx/executor.js';
import { exportOnnx } from '../../../src/formats/onnx/export.js';
import { mobilenetv2 } from '../../../src/models/classification/mobilenetv2.js';
import { toFloat } from '../../../src/ops/index.js';
import { nodePlatform } from '../../../src/platform/node.js';
import { Engine } from '../../../src/scheduler/engine.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { initializeRandomly } from '../../support/replay.js';

let engine: Engine;
beforeAll(async () => {
  engine = new Engine(await createWasmDevice(nodePlatform, { threads: 0 }));
});
afterAll(() => engine.close());

test('mobilenetv2', async () => {
  const model = mobilenetv2({ n_classes: 10, width_multiplier: 0.25 });
  initializeRandomly(model);
  const task = {
    logits: (x: Tensor, { training, counter }: { training: boolean; counter: Tensor }) =>
      model.call(toFloat(x), { training, dropoutCounter: counter, seed: 0 }),
  };
  const found = await findOnnxRuntime();
  for (const embedPreprocessing of [false, true])
    for (const fp16 of [false, true]) {
      const m = await inferenceModel(engine, task, {
        name: 'm',
        image: { channels: 3, height: 64, width: 64 },
        embedPreprocessing,
      });
      const bytes = new Uint8Array(Buffer.concat(encodeModel(exportOnnx(m, { fp16 }))));
      const report = await verify(
        engine,
        m,
        onnxExecutor(found!.runtime, found!.name, { bytes, model: decodeModel(bytes), external: new Map() }),
        fp16 ? 'f16' : 'f32',
      );
      console.log(JSON.stringify(report));
      expect(report.passed).toBe(true);
    }
});
