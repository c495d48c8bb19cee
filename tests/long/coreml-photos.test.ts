import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { networkPixels } from '../../src/cli/commands/predict.js';
import type { CommandContext } from '../../src/cli/context.js';
import { openDecoders } from '../../src/cli/decoders.js';
import { openModel } from '../../src/cli/loaded-model.js';
import { programExecutor } from '../../src/formats/coreml/read/interpreter.js';
import { neuralExecutor } from '../../src/formats/coreml/read/neural/interpreter.js';
import { inferenceModel } from '../../src/formats/inference/model.js';
import { nodePlatform } from '../../src/platform/node.js';
import { Predictor } from '../../src/train/predictor.js';
import { networkOf, packageOf } from '../support/coreml.js';

/** A MobileNetV2 with ImageNet's weights, and some photos. */
const data = process.env.CVNETS_DATA ?? resolve(import.meta.dirname, '../../../shared/data');
const weights = join(data, 'weights/mobilenetv2_1.0_224_imagenet.safetensors');
const photos = join(data, 'tiny/photos');
const missing = [weights, photos].find((path) => !existsSync(path));
const why = missing ? ` (skipped: ${missing} is not there)` : '';

const context: CommandContext = {
  platform: nodePlatform,
  output: { write() {}, writeError() {} } as unknown as CommandContext['output'],
  overrides: [],
  interruptible: () => new AbortController().signal,
};

const topOf = (values: ArrayLike<number>): number[] =>
  [...Array(values.length).keys()].sort((a, b) => values[b] - values[a]).slice(0, 5);

test.skipIf(missing)(`the same five classes as the engine's, from photos${why}`, async () => {
  const decoder = await openDecoders(nodePlatform);
  const { engine, task, config, image } = await openModel(context, weights, { device: 'wasm' });
  try {
    const predictor = await Predictor.create(engine, task, image);
    const model = await inferenceModel(engine, task, { name: 'net', image, batch: 1, embedPreprocessing: true });
    const executors = {
      program: programExecutor((await packageOf(model)).written),
      halves: programExecutor((await packageOf(model, { fp16: true })).written),
      network: neuralExecutor(networkOf(model).written),
    };
    for (const name of readdirSync(photos).filter((file) => file.endsWith('.jpg'))) {
      const pixels = networkPixels(config, decoder, await nodePlatform.files.read(join(photos, name)), image);
      const expected = (await predictor.predict(pixels, 5)).map(({ index }) => index);
      const { channels, height, width } = image;
      const planes = Uint8Array.from(
        pixels,
        (_, i) => pixels[(i % (height * width)) * channels + Math.floor(i / height / width)],
      );
      const inputs = new Map([['image', { shape: [1, channels, height, width], data: planes }]]);
      for (const [kind, executor] of Object.entries(executors)) {
        const top = topOf((await executor.run(inputs, ['logits'])).get('logits')!);
        console.log(`${name} ${kind}: ${top.join(' ')} (engine ${expected.join(' ')})`);
        expect(top).toEqual(expected);
      }
    }
  } finally {
    await engine.close();
  }
});
