// Trains a small network of one's own on random pictures, saves it, and loads it into another engine.
// usage: node examples/node/train.mjs
import {
  Activation,
  ConvLayer,
  channelsLast,
  crossEntropyLoss,
  defaultSettings,
  Engine,
  fromTypedArray,
  GlobalPool,
  hostPlatform,
  initialize,
  inputSpecs,
  Linear,
  openDevice,
  optimizers,
  readSafetensors,
  Sequential,
  toFloat,
  toTypedArray,
  traceStep,
  usedScalars,
  writeSafetensors,
} from 'cvnets';

const [batch, size, classes] = [16, 16, 3];

// A network is made of layers; `initialize` names and fills its parameters.
const model = new Sequential({
  conv_1: new ConvLayer(3, 16, { settings: defaultSettings, kernel: 3, stride: 2 }),
  conv_2: new ConvLayer(16, 32, { settings: defaultSettings, kernel: 3, stride: 2 }),
  act: new Activation({ name: 'relu' }),
  pool: new GlobalPool(),
  classifier: new Linear(32, classes),
});
const { parameters, buffers } = initialize(model, { seed: 1 });

// A task says how pixels become logits, and logits a loss.
const task = {
  classes,
  parameters,
  buffers,
  logits: (image, { training, counter }) => model.call(toFloat(image), { training, dropoutCounter: counter, seed: 1 }),
  loss: crossEntropyLoss,
};
const rule = optimizers.adam(
  parameters.map((state) => ({ state })),
  { beta2: 0.999, weight_decay: 0 },
);

// The step is recorded once, planned for its shapes, and replayed.
const platform = hostPlatform();
const engine = new Engine(await openDevice(platform, { device: 'wasm', announce: console.log }));
const specs = inputSpecs({ batch, height: size, width: size }, 3);
const once = { first: true, last: true };
const program = await engine.compile('train', traceStep(task, rule, undefined, once, [], specs));

// One picture a class, with noise. N,C,H,W here; programs take N,H,W,C.
const target = Int32Array.from({ length: batch }, (_, n) => n % classes);
const pixels = Uint8Array.from({ length: batch * 3 * size * size }, (_, i) => {
  const [n, c] = [Math.floor(i / (3 * size * size)), Math.floor(i / (size * size)) % 3];
  return (c === target[n] ? 180 : 60) + Math.floor(60 * Math.random());
});
const image = channelsLast(pixels, specs.image.shape);
for (let step = 0; step < 30; step++) {
  const scalars = usedScalars(program, { counter: step, ...rule.scalars(0.01, step) });
  const { loss } = await program.run({ inputs: { image, target }, scalars });
  if (step % 5 === 0) console.log(`step ${step}: loss ${loss[0].toFixed(4)}`);
}

// Weights go out and in by name, in PyTorch's layout.
const tensors = new Map();
for (const state of [...parameters, ...buffers]) {
  tensors.set(state.name, fromTypedArray(await engine.readState(state), state.shape));
}
const file = writeSafetensors(tensors, {});
for (const [name, tensor] of readSafetensors(file).tensors) {
  await engine.writeState(
    [...parameters, ...buffers].find((state) => state.name === name),
    toTypedArray(name, tensor),
  );
}
console.log(`${tensors.size} tensors, ${file.byteLength} bytes of safetensors`);
await engine.close();
