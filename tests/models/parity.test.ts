import { test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.js';
import { fuseBatchNormActivation } from '../../src/graph/passes/fuse.js';
import { rewriteTrace } from '../../src/graph/rewrite.js';
import { crossEntropyLoss } from '../../src/losses/cross-entropy.js';
import { mobilenetv1 } from '../../src/models/classification/mobilenetv1.js';
import { mobilenetv2 } from '../../src/models/classification/mobilenetv2.js';
import { globalNorm } from '../../src/ops/index.js';
import { Sgd } from '../../src/optim/sgd.js';
import { readState, traceStates } from '../../src/tensor/state.js';
import { input } from '../../src/tensor/tensor.js';
import { array, number } from '../reference/array.js';
import { parityImage } from '../reference/parity.js';
import { context, expectLogits, expectPrinted, parityStates } from './parity.js';

test('mobilenetv1 gives the logits and feature maps of CVNets', () => {
  expectLogits({
    model: mobilenetv1(),
    first: [-45.35808, -13.65928, 21.38023, -29.84723, -21.0426],
    mean: -1.140706,
    best: [543, 52.87272],
    stages: [0.61192, 4.47173, 10.4857, 18.017, 10.8816],
  });
}, 120_000);

test('mobilenetv2 gives the logits and feature maps of CVNets', () => {
  expectLogits({
    model: mobilenetv2({ activation: 'relu6' }),
    first: [-0.1601509, 0.009353349, 0.0143102, 0.06609699, 0.09508211],
    mean: -0.004431209,
    best: [17, 0.2715858],
    stages: [-0.114976, -0.103274, -0.0114412, -0.100815, -0.00651509],
  });
}, 120_000);

test('five training steps of mobilenetv2 are those of CVNets', () => {
  const model = mobilenetv2({ width_multiplier: 0.5, activation: 'relu6', classifier_dropout: 0 });
  const { session, states } = parityStates(model);
  const image = input('image', [4, 3, 64, 64]);
  const target = input('target', [4], 'i32');
  const optimizer = new Sgd(
    states.parameters.map((state) => ({ state })),
    { momentum: 0.9, nesterov: true, weight_decay: 4e-5, no_decay_bn_filter_bias: true },
  );
  for (const state of optimizer.states) session.value(state);

  const forward = rewriteTrace(
    traceStates(() => {
      const logits = model.call(image, context(true));
      return { loss: crossEntropyLoss(logits, target, { training: true }, { label_smoothing: 0.1 }) };
    }),
    fuseBatchNormActivation,
  );
  const step = traceStates(() => {
    const { loss } = forward.result;
    const grads = gradients(loss, states.parameters.map(readState));
    optimizer.update(grads);
    return { loss, norm: globalNorm(grads).norm };
  }, forward);

  const labels = array([4], [1, 10, 100, 999]);
  const feeds = new Map<typeof image | string, ReturnType<typeof array>>([
    [image, parityImage(image.shape)],
    [target, labels],
    ['lr', number(optimizer.scalars(0.01).lr)],
  ]);
  const golden = [
    [6.93266372, 83.63590153],
    [6.21092241, 83.3265905],
    [4.75012568, 66.35396652],
    [3.61892539, 67.04611274],
    [2.78589186, 60.3217565],
  ];
  for (const [loss, norm] of golden) {
    const result = session.run(step, feeds);
    expectPrinted(result.loss.data[0], loss, 8);
    expectPrinted(result.norm.data[0], norm, 8);
  }

  const evaluation = traceStates(() => {
    return { loss: crossEntropyLoss(model.call(image, context(false)), target, { training: false }) };
  });
  expectPrinted(session.run(evaluation, feeds).loss.data[0], 5.50448639, 8);
  const sumOf = (suffix: string): number =>
    states.buffers
      .filter(({ name }) => name.endsWith(suffix))
      .reduce((sum, state) => sum + session.value(state).data.reduce((a, b) => a + b), 0);
  expectPrinted(sumOf('running_mean'), -109.60741713, 8);
  expectPrinted(sumOf('running_var'), 10963.191518, 8);
}, 240_000);
