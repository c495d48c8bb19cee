// The common training step of both sides: 32x32x32x3, three convolutions with batch norm and ReLU, global average
// pool, a linear layer, cross-entropy, SGD with momentum. Weights and data come from one formula.

export const BATCH = 32;
export const SIZE = 32;
export const CLASSES = 10;
export const LR = 0.01;
export const MOMENTUM = 0.9;
export const EPS = 1e-3;

/** [channels in, channels out, stride]; TensorFlow's SAME padding: (1,1) at stride 1, (0,1) at stride 2. */
export const CONVS = [
  [3, 32, 1],
  [32, 64, 2],
  [64, 64, 2],
];

/** Deviates with mean 0 and standard deviation 1, by the Box-Muller formula over a small generator. */
export function normals(count, seed) {
  let state = (seed * 0x9e3779b1) >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
  return Float32Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

/** NHWC pixels. */
export const images = () => normals(BATCH * SIZE * SIZE * 3, 1);
export const labels = () => Int32Array.from({ length: BATCH }, (_, i) => i % CLASSES);

/** Weight of convolution `layer` as [kH,kW,I,O], He-scaled. */
export function convWeight(layer) {
  const [inputs, outputs] = CONVS[layer];
  return normals(9 * inputs * outputs, 10 + layer).map((x) => x * Math.sqrt(2 / (9 * inputs)));
}

/** Weight of the classifier as [I,O]. */
export const denseWeight = () => normals(64 * CLASSES, 20).map((x) => x / 8);
