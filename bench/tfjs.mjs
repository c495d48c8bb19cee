// TensorFlow.js as a side of `cvnets bench`: channels-last, eager, its own gradients and optimizer.
import * as tf from '@tensorflow/tfjs';
import { fixedValues, permute, unsupported } from './graph.mjs';

const TO_NHWC = [0, 2, 3, 1];
const TO_NCHW = [0, 3, 1, 2];
const OIHW_TO_HWIO = [2, 3, 1, 0];
const HWIO_TO_OIHW = [3, 2, 0, 1];
/** [C,1,kH,kW] to [kH,kW,C,1] and back: depthwise filters. */
const DEPTHWISE = [2, 3, 0, 1];
const DEPTHWISE_BACK = [2, 3, 0, 1];

export async function open({ device, fillWith, fingerprint }) {
  if (device === 'webgpu') await import('@tensorflow/tfjs-backend-webgpu');
  await tf.setBackend(device);
  await tf.ready();
  const backend = tf.backend();
  const info = backend.adapterInfo ?? backend.device?.adapterInfo;
  const adapter = device === 'cpu' ? 'JavaScript' : `${info?.description || info?.vendor || 'WebGPU'}`;
  const finish = async () => {
    if (device !== 'webgpu') return;
    if (backend.currentCommandEncoder) backend.submitQueue();
    await backend.device.queue.onSubmittedWorkDone();
  };
  return {
    name: `tfjs ${tf.version.tfjs} ${tf.getBackend()}`,
    adapter,
    software: /swiftshader|llvmpipe/i.test(adapter),
    async build({ graph }) {
      const runner = graph.training ? trainer(graph, fillWith) : evaluator(graph, fillWith, fingerprint);
      return { finish, ...runner };
    },
  };
}

/** Filters by value number: `full` or `depthwise`. Everything else of rank 4 is channels-last. */
function filterKinds({ nodes, values }) {
  const kinds = new Map();
  for (const { op, attrs, inputs, outputs } of nodes) {
    const filter = { conv2d: inputs[1], conv2dBackwardInput: inputs[1], conv2dBackwardWeight: outputs[0] }[op];
    if (filter === undefined) continue;
    const [out, perGroup] = values[filter].shape;
    if (attrs.groups > 1 && (perGroup !== 1 || out !== attrs.groups)) unsupported('grouped convolutions');
    kinds.set(filter, attrs.groups > 1 ? 'depthwise' : 'full');
  }
  return kinds;
}

function tensors(graph, fillWith) {
  const kinds = filterKinds(graph);
  const { fixed, nodes } = fixedValues(graph, fillWith);
  const made = new Map();
  for (const [value, data] of fixed) {
    const { shape, dtype } = graph.values[value];
    const order =
      { full: OIHW_TO_HWIO, depthwise: DEPTHWISE }[kinds.get(value)] ?? (shape.length === 4 ? TO_NHWC : undefined);
    const ordered = order ? permute(data, shape, order) : data;
    made.set(
      value,
      tf.tensor(ordered, order ? order.map((axis) => shape[axis]) : shape, dtype === 'i32' ? 'int32' : 'float32'),
    );
  }
  return { made, nodes, kinds };
}

function evaluator(graph, fillWith, fingerprint) {
  const { made, nodes, kinds } = tensors(graph, fillWith);
  const evaluate = () => tf.tidy(() => run(nodes, new Map(made), graph, graph.outputs));
  return {
    async run() {
      tf.dispose(evaluate());
    },
    async check() {
      const [result] = evaluate();
      const data = await result.data();
      const value = graph.outputs[0];
      const back =
        { full: HWIO_TO_OIHW, depthwise: DEPTHWISE_BACK }[kinds.get(value)] ??
        (result.rank === 4 ? TO_NCHW : undefined);
      const logical = back ? permute(data, result.shape, back) : data;
      result.dispose();
      return fingerprint(logical);
    },
    async close() {
      tf.dispose([...made.values()]);
    },
  };
}

function trainer(graph, fillWith) {
  const { made, nodes } = tensors(graph, fillWith);
  const { parameters, lr, momentum, nesterov } = graph.training;
  const variables = parameters.map((value) => {
    const variable = tf.variable(made.get(value));
    made.set(value, variable);
    return variable;
  });
  const optimizer = tf.train.momentum(lr, momentum, nesterov);
  const step = async () => {
    const loss = optimizer.minimize(() => run(nodes, new Map(made), graph, graph.outputs)[0], true, variables);
    const [value] = await loss.data();
    loss.dispose();
    return [value];
  };
  return {
    run: step,
    check: step,
    async close() {
      optimizer.dispose();
      tf.dispose([...made.values()]);
    },
  };
}

function run(nodes, values, graph, outputs) {
  for (const { op, attrs, inputs, outputs: produced } of nodes) {
    const operator = operators[op] ?? unsupported(op);
    const shape = graph.values[produced[0]].shape;
    values.set(
      produced[0],
      operator(
        inputs.map((value) => values.get(value)),
        attrs,
        shape,
      ),
    );
  }
  return outputs.map((value) => values.get(value));
}

/** One number where it can be, since tfjs has kernels of its own for that. */
function paddingOf([top, bottom, left, right]) {
  if (top === bottom && left === right && top === left) return top;
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}

function activate(x, kind) {
  if (kind === 'none') return x;
  if (kind === 'relu') return tf.relu(x);
  if (kind === 'relu6') return tf.relu6(x);
  return unsupported(`activation ${kind}`);
}

const kernel = (name, inputs, attrs) => tf.engine().runKernel(name, inputs, attrs);
const geometry = ({ stride, padding, dilation }) => ({
  strides: stride,
  pad: paddingOf(padding),
  dataFormat: 'NHWC',
  dilations: dilation,
});
const undilated = ({ dilation }) =>
  dilation.every((step) => step === 1) || unsupported('gradients of dilated convolutions');
const nhwc = ([n, c, h, w]) => [n, h, w, c];

const operators = {
  conv2d([x, filter, bias], attrs) {
    const { strides, pad, dilations } = geometry(attrs);
    const y =
      attrs.groups > 1
        ? tf.depthwiseConv2d(x, filter, strides, pad, 'NHWC', dilations)
        : tf.conv2d(x, filter, strides, pad, 'NHWC', dilations);
    return bias ? tf.add(y, bias) : y;
  },
  conv2dBackwardInput([dy, filter], attrs) {
    undilated(attrs);
    const name = attrs.groups > 1 ? 'DepthwiseConv2dNativeBackpropInput' : 'Conv2DBackpropInput';
    return kernel(name, { dy, filter }, { ...geometry(attrs), inputShape: nhwc(attrs.inputShape) });
  },
  conv2dBackwardWeight([x, dy], attrs) {
    undilated(attrs);
    const [out, perGroup, height, width] = attrs.weightShape;
    if (attrs.groups > 1) {
      const filterShape = [height, width, out, 1];
      return kernel('DepthwiseConv2dNativeBackpropFilter', { x, dy }, { ...geometry(attrs), filterShape });
    }
    return kernel(
      'Conv2DBackpropFilter',
      { x, dy },
      { ...geometry(attrs), filterShape: [height, width, perGroup, out] },
    );
  },
  matmul([a, b, bias], { transposeA, transposeB }) {
    const y = tf.matMul(a, b, transposeA, transposeB);
    return bias ? tf.add(y, bias) : y;
  },
  // Without the running statistics, which a training loop in tfjs would update with more operators.
  batchNorm([x, gamma, beta], { eps, activation }) {
    const { mean, variance } = tf.moments(x, x.rank === 4 ? [0, 1, 2] : [0]);
    return activate(tf.batchNorm(x, mean, variance, beta, gamma, eps), activation);
  },
  batchNormInference([x, gamma, beta, mean, variance], { eps, activation }) {
    return activate(tf.batchNorm(x, mean, variance, beta, gamma, eps), activation);
  },
  activation: ([x], { kind }) => activate(x, kind),
  binary([a, b], { kind }) {
    return { add: tf.add, sub: tf.sub, mul: tf.mul, div: tf.div }[kind](a, b);
  },
  maxPool2d: ([x], { kernel: window, stride, padding }) => tf.maxPool(x, window, stride, paddingOf(padding)),
  avgPool2d: ([x], { kernel: window, stride, padding }) => tf.avgPool(x, window, stride, paddingOf(padding)),
  reduce([x], { kind, axes, keepDims }) {
    const own = x.rank === 4 ? axes.map((axis) => [0, 3, 1, 2][axis]) : axes;
    return kind === 'mean' ? tf.mean(x, own, keepDims) : tf.sum(x, own, keepDims);
  },
  reshape([x], _, shape) {
    if (x.rank === 4 && (x.shape[1] > 1 || x.shape[2] > 1)) unsupported('reshape of an image');
    return tf.reshape(x, shape);
  },
  copy: ([x]) => tf.clone(x),
  crossEntropy([logits, target], { labelSmoothing }) {
    if (labelSmoothing) unsupported('label smoothing');
    return tf.losses.softmaxCrossEntropy(tf.oneHot(target, logits.shape[1]), logits);
  },
};
