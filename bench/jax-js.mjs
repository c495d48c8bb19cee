// jax-js as a side of `cvnets bench`: one jitted function a step, forward pass, gradients and update.
import { defaultDevice, init, jit, lax, nn, numpy as np, valueAndGrad } from '@jax-js/jax';
import { fixedValues, unsupported } from './graph.mjs';

export async function open({ device, versions, fillWith, fingerprint }) {
  const backend = device === 'webgpu' ? 'webgpu' : 'wasm';
  const found = await init(backend);
  if (!found.includes(backend)) throw new Error(`jax-js finds no ${backend} here`);
  defaultDevice(backend);
  return {
    name: `jax-js ${versions['@jax-js/jax']} ${backend}`,
    adapter: backend === 'wasm' ? 'WebAssembly, 1 thread' : 'WebGPU',
    software: false,
    build: async ({ graph }) => (graph.training ? trainer(graph, fillWith) : evaluator(graph, fillWith, fingerprint)),
  };
}

function arrays(graph, fillWith) {
  const { fixed, nodes } = fixedValues(graph, fillWith);
  const used = new Set([...nodes.flatMap(({ inputs }) => inputs), ...graph.outputs]);
  const values = [...fixed.keys()].filter((value) => used.has(value));
  const made = values.map((value) => {
    const { shape, dtype } = graph.values[value];
    return np.array(fixed.get(value), { dtype: dtype === 'i32' ? np.int32 : np.float32 }).reshape(shape);
  });
  return { nodes, values, made };
}

const referenced = (list) => list.map((array) => array.ref);

function evaluator(graph, fillWith, fingerprint) {
  const { nodes, values, made } = arrays(graph, fillWith);
  const evaluate = jit((operands) => run(nodes, new Map(values.map((value, i) => [value, operands[i]])), graph));
  let last;
  const start = () => {
    last?.dispose();
    last = evaluate(referenced(made));
  };
  return {
    run: async () => start(),
    finish: () => last.blockUntilReady(),
    async check() {
      start();
      return fingerprint(await last.ref.data());
    },
    async close() {
      last?.dispose();
      for (const array of made) array.dispose();
    },
  };
}

function trainer(graph, fillWith) {
  const { nodes, values, made } = arrays(graph, fillWith);
  const { parameters, lr, momentum, nesterov } = graph.training;
  const trained = values.flatMap((value, i) => (parameters.includes(value) ? [i] : []));
  const constant = values.flatMap((value, i) => (parameters.includes(value) ? [] : [i]));
  const loss = (weights, others) => {
    const operands = new Map();
    trained.forEach((at, i) => {
      operands.set(values[at], weights[i]);
    });
    constant.forEach((at, i) => {
      operands.set(values[at], others[i]);
    });
    return run(nodes, operands, graph);
  };
  const step = jit((weights, momenta, others) => {
    const [value, gradients] = valueAndGrad(loss)(
      weights.map((array) => array.ref),
      others,
    );
    const next = momenta.map((array, i) => array.mul(momentum).add(gradients[i].ref));
    const updated = weights.map((array, i) => {
      const change = nesterov ? next[i].ref.mul(momentum).add(gradients[i]) : next[i].ref;
      return array.sub(change.mul(lr));
    });
    return [value, updated, next];
  });
  let weights = trained.map((at) => made[at]);
  let momenta = weights.map((array) => np.zeros(array.shape));
  const others = constant.map((at) => made[at]);
  const advance = async () => {
    const [value, updated, next] = step(weights, momenta, referenced(others));
    [weights, momenta] = [updated, next];
    return [(await value.data())[0]];
  };
  return {
    run: advance,
    finish: async () => {},
    check: advance,
    async close() {
      for (const array of [...weights, ...momenta, ...others]) array.dispose();
    },
  };
}

function run(nodes, values, graph) {
  for (const { op, attrs, inputs, outputs } of nodes) {
    const operator = operators[op] ?? unsupported(op);
    const operands = inputs.map((value) => values.get(value).ref);
    values.set(outputs[0], operator(operands, attrs, graph.values[outputs[0]].shape));
  }
  return values.get(graph.outputs[0]);
}

function activate(x, kind) {
  if (kind === 'none') return x;
  if (kind === 'relu') return nn.relu(x);
  if (kind === 'relu6') return nn.relu6(x);
  return unsupported(`activation ${kind}`);
}

/** A vector along the channels, to be broadcast over an image. */
const along = (vector, rank) => (rank === 4 ? vector.reshape([1, -1, 1, 1]) : vector);

function normalize(x, mean, variance, gamma, beta, eps) {
  const rank = x.ndim;
  const scale = gamma.mul(np.reciprocal(np.sqrt(variance.add(eps))));
  return x.sub(along(mean, rank)).mul(along(scale, rank)).add(along(beta, rank));
}

const operators = {
  conv2d([x, weight, bias], { stride, padding, dilation, groups }) {
    const [top, bottom, left, right] = padding;
    const pads = [
      [top, bottom],
      [left, right],
    ];
    const options = { rhsDilation: dilation, featureGroupCount: groups };
    const y = lax.convGeneralDilated(x, weight, stride, pads, options);
    return bias ? y.add(along(bias, 4)) : y;
  },
  matmul([a, b, bias], { transposeA, transposeB }) {
    const y = np.matmul(transposeA ? np.matrixTranspose(a) : a, transposeB ? np.matrixTranspose(b) : b);
    return bias ? y.add(bias) : y;
  },
  // Without the running statistics, as in tfjs.
  batchNorm([x, gamma, beta], { eps, activation }) {
    const axes = x.ndim === 4 ? [0, 2, 3] : [0];
    const mean = np.mean(x.ref, axes);
    const variance = np.var_(x.ref, axes);
    return activate(normalize(x, mean, variance, gamma, beta, eps), activation);
  },
  batchNormInference([x, gamma, beta, mean, variance], { eps, activation }) {
    return activate(normalize(x, mean, variance, gamma, beta, eps), activation);
  },
  activation: ([x], { kind }) => activate(x, kind),
  binary([a, b], { kind }) {
    return { add: np.add, sub: np.subtract, mul: np.multiply, div: np.trueDivide }[kind](a, b);
  },
  reduce([x], { kind, axes, keepDims }) {
    return (kind === 'mean' ? np.mean : np.sum)(x, axes, { keepdims: keepDims });
  },
  reshape: ([x], _, shape) => x.reshape(shape),
  crossEntropy([logits, target], { labelSmoothing }) {
    if (labelSmoothing) unsupported('label smoothing');
    const [count, classes] = logits.shape;
    const chosen = nn.logSoftmax(logits).mul(nn.oneHot(target, classes));
    return np.sum(chosen).mul(-1 / count);
  },
};
