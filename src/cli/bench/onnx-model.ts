import { createWasmDevice } from '../../devices/wasm/device.js';
import { inferenceModel } from '../../formats/inference/model.js';
import { encodeModel } from '../../formats/onnx/encode.js';
import { exportOnnx } from '../../formats/onnx/export.js';
import type { Platform } from '../../platform/platform.js';
import { Engine } from '../../scheduler/engine.js';
import { allocate } from '../../tensor/dtype.js';
import { size } from '../../tensor/shape.js';
import { FormatError } from '../../utils/errors.js';
import { findCase } from './cases.js';
import { fillWith } from './fill.js';
import type { BenchTask } from './side.js';

/** The network of a forward pass with the values that the comparison uses, norms folded, taking floats. */
export async function onnxModel(platform: Platform, { suite, name }: BenchTask): Promise<Uint8Array> {
  const { network, fills, trace } = findCase(suite, name).build();
  if (!network) throw new FormatError(`${name} is no forward pass of a network`);
  const engine = new Engine(await createWasmDevice(platform, { threads: 0 }));
  try {
    // A program brings its states to the device, where they get their values.
    await engine.compile(name, trace);
    for (const [state, values] of fills) {
      await engine.writeState(state, fillWith(values, allocate(state.dtype, size(state.shape))));
    }
    const [batch, channels, height, width] = network.image;
    const model = await inferenceModel(engine, network.task, {
      name: 'bench',
      image: { channels, height, width },
      batch,
    });
    const chunks = encodeModel(exportOnnx(model));
    const file = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const chunk of chunks) {
      file.set(chunk, at);
      at += chunk.length;
    }
    return file;
  } finally {
    await engine.close();
  }
}
