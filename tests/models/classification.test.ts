import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.js';
import { fuseBatchNormActivation } from '../../src/graph/passes/fuse.js';
import { rewriteTrace } from '../../src/graph/rewrite.js';
import { efficientnet } from '../../src/models/classification/efficientnet.js';
import { type ClassificationModelName, classificationModels } from '../../src/models/classification/index.js';
import { lenet } from '../../src/models/classification/lenet.js';
import { mobilenetv1 } from '../../src/models/classification/mobilenetv1.js';
import { mobilenetv2 } from '../../src/models/classification/mobilenetv2.js';
import { mobilenetv3 } from '../../src/models/classification/mobilenetv3.js';
import { type ClassificationModel, type Encoder, freezeBatchNorm } from '../../src/models/classification/model.js';
import { resnet } from '../../src/models/classification/resnet.js';
import { initialize } from '../../src/nn/initialize.js';
import { type ForwardContext, namedParameters } from '../../src/nn/module.js';
import { summarize } from '../../src/nn/summary.js';
import { crossEntropy } from '../../src/ops/index.js';
import { reachableNodes } from '../../src/tensor/reachable.js';
import { BATCH } from '../../src/tensor/shape.js';
import { traceStates } from '../../src/tensor/state.js';
import { input, scalar } from '../../src/tensor/tensor.js';

const context = (training: boolean): ForwardContext => ({
  training,
  dropoutCounter: scalar('counter', 'u32'),
  seed: 0,
});

/** Multiply-adds as they are printed: millions with one digit, or four significant digits of billions. */
const printed = (macs: number): string =>
  macs < 1e9 ? `${(macs / 1e6).toFixed(1)}M` : `${(macs / 1e9).toPrecision(4)}G`;

/** Parameters and multiply-adds at 224x224, or at another size, measured on CVNets' own models. */
const measured: [string, () => ClassificationModel, number, string?, number?][] = [
  ['mobilenetv1 0.25', () => mobilenetv1({ width_multiplier: 0.25 }), 470_520, '46.2M'],
  ['mobilenetv1 0.5', () => mobilenetv1({ width_multiplier: 0.5 }), 1_331_592, '149.5M'],
  ['mobilenetv1 0.75', () => mobilenetv1({ width_multiplier: 0.75 }), 2_586_264, '333.8M'],
  ['mobilenetv1 1.0', () => mobilenetv1(), 4_231_976, '568.7M'],
  ['mobilenetv2 0.25', () => mobilenetv2({ width_multiplier: 0.25 }), 1_520_264, '50.4M'],
  ['mobilenetv2 0.5', () => mobilenetv2({ width_multiplier: 0.5 }), 1_969_448, '106.0M'],
  ['mobilenetv2 0.75', () => mobilenetv2({ width_multiplier: 0.75 }), 2_636_872, '214.3M'],
  ['mobilenetv2 1.0', () => mobilenetv2(), 3_504_872, '300.8M'],
  ['mobilenetv3 small', () => mobilenetv3({ mode: 'small' }), 2_508_712, '52.7M'],
  ['mobilenetv3 large', () => mobilenetv3(), 5_437_728, '210.6M'],
  ['efficientnet b0', () => efficientnet(), 5_382_440, '385.9M', 224],
  ['efficientnet b1', () => efficientnet({ mode: 'b1' }), 7_924_008, '686.9M', 240],
  ['efficientnet b2', () => efficientnet({ mode: 'b2' }), 9_278_792, '993.7M', 260],
  ['efficientnet b3', () => efficientnet({ mode: 'b3' }), 12_302_512, '1.827G', 300],
  ['efficientnet b4', () => efficientnet({ mode: 'b4' }), 19_574_520, '4.394G', 380],
  ['efficientnet b5', () => efficientnet({ mode: 'b5' }), 30_706_744, '10.27G', 456],
  ['efficientnet b6', () => efficientnet({ mode: 'b6' }), 43_299_000, '19.07G', 528],
  ['efficientnet b7', () => efficientnet({ mode: 'b7' }), 66_525_448, '37.75G', 600],
  ['resnet 18', () => resnet({ depth: 18 }), 11_682_536, '1.720G'],
  ['resnet 34', () => resnet({ depth: 34 }), 21_790_696, '3.569G'],
  ['resnet 50', () => resnet({ depth: 50 }), 25_550_056, '3.995G'],
  ['resnet 101', () => resnet({ depth: 101 }), 44_542_184, '7.707G'],
  ['se-resnet 18', () => resnet({ depth: 18, se_resnet: true }), 11_772_648],
  ['se-resnet 34', () => resnet({ depth: 34, se_resnet: true }), 21_953_440],
  ['se-resnet 50', () => resnet({ depth: 50, se_resnet: true }), 28_081_048],
  ['se-resnet 101', () => resnet({ depth: 101, se_resnet: true }), 49_319_896],
];

test.each(measured)('%s has the parameters and multiply-adds of CVNets', (_, build, parameters, macs, size = 224) => {
  const model = build();
  initialize(model);
  const summary = summarize(model, [1, 3, size, size]);
  expect(summary.parameters).toBe(parameters);
  expect(summary.layers.reduce((sum, layer) => sum + layer.parameters, 0)).toBe(parameters);
  if (macs) expect(printed(summary.macs)).toBe(macs);
});

describe('state dicts', () => {
  /** Without the counter that PyTorch's batch norms keep. */
  const entries = (model: ClassificationModel): number => {
    const names = [...namedParameters(model).keys()];
    return names.length + names.filter((name) => name.endsWith('running_mean')).length;
  };

  test('have as many entries as CVNets', () => {
    const models = [mobilenetv1(), mobilenetv2(), mobilenetv3(), efficientnet(), resnet()];
    expect(models.map(entries)).toEqual([164, 314, 312, 360, 326]);
  });

  test('use the names of CVNets', () => {
    const models = [mobilenetv1(), mobilenetv2(), mobilenetv3(), resnet(), resnet({ depth: 18, se_resnet: true })];
    const names = [...models, efficientnet()].flatMap((model) => [...namedParameters(model).keys()]);
    for (const name of [
      'conv_1.block.conv.weight',
      'layer_1.0.dw_conv.block.conv.weight',
      'layer_4.5.pw_conv.block.norm.running_var',
      'layer_1.mv2_block_0.block.conv_3x3.block.conv.weight',
      'layer_4.mv2_block_6.block.exp_1x1.block.norm.weight',
      'conv_1x1_exp.block.norm.bias',
      'conv_1.conv_3x3_bn.block.norm.weight',
      'layer_4.mv3_s_1_idx_5.block.se.se_layer.fc2.block.conv.bias',
      'layer_5.mv3_s_2_idx_0.block.conv_3x3.block.conv.weight',
      'conv_1x1_exp.conv_1x1.block.conv.weight',
      'classifier.fc1.weight',
      'layer_4.5.block.red_1x1.block.norm.weight',
      'layer_1.0.block.se.se_layer.fc1.block.conv.weight',
      'layer_1.block.conv.weight',
      'layer_2.block_0.block.conv_batch_act_2.block.conv.weight',
      'layer_5.block_0.down_sample.block.norm.running_mean',
      'layer_3.block_1.se_block.se_layer.fc1.block.conv.bias',
      'classifier.classifier_fc.weight',
    ]) {
      expect(names).toContain(name);
    }
  });

  test('of ResNet-50: 55 tensors are decayed, 109 are not', () => {
    const { parameters } = initialize(resnet());
    const matrices = parameters.filter(({ shape }) => shape.length > 1);
    const elements = matrices.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0);
    expect([matrices.length, elements, parameters.length - matrices.length]).toEqual([55, 25_495_808, 109]);
  });
});

describe('features', () => {
  const shapes = (model: Encoder, size = 64): string[] => {
    initialize(model);
    const { result } = traceStates(() => model.features(input('x', [2, 3, size, size]), context(false)));
    return Object.values(result).map((feature) => feature.shape.slice(1).join('x'));
  };

  test('halve the resolution stage by stage', () => {
    const strides = [32, 16, 8, 4, 2];
    const expected = (channels: readonly number[], sizes = strides) =>
      channels.map((c, i) => `${c}x${sizes[i]}x${sizes[i]}`);
    expect(shapes(mobilenetv1())).toEqual(expected([64, 128, 256, 512, 1024]));
    expect(shapes(mobilenetv2())).toEqual(expected([16, 24, 32, 96, 320]));
    expect(shapes(mobilenetv3())).toEqual(expected([16, 24, 40, 112, 160]));
    expect(shapes(mobilenetv3({ mode: 'small' }))).toEqual(expected([16, 24, 24, 48, 96], [16, 8, 8, 4, 2]));
    expect(shapes(efficientnet())).toEqual(expected([16, 24, 40, 112, 320]));
    expect(shapes(efficientnet({ mode: 'b7' }))).toEqual(expected([32, 48, 80, 224, 640]));
    expect(shapes(resnet({ depth: 18 }))).toEqual(expected([64, 64, 128, 256, 512], [16, 16, 8, 4, 2]));
    expect(shapes(resnet())).toEqual(expected([64, 256, 512, 1024, 2048], [16, 16, 8, 4, 2]));
  });

  test.each([mobilenetv1, mobilenetv2, mobilenetv3, efficientnet, resnet])('channels are announced: %o', (build) => {
    const model = build();
    expect(shapes(model).map((shape) => Number(shape.split('x')[0]))).toEqual(model.channels.slice(0, 5));
  });

  test('an output stride dilates the last stages', () => {
    for (const build of [mobilenetv2, mobilenetv3, efficientnet]) {
      const sizes = (output_stride: 8 | 16) =>
        shapes(build({ output_stride })).map((shape) => Number(shape.split('x')[1]));
      expect(sizes(16)).toEqual([32, 16, 8, 4, 4]);
      expect(sizes(8)).toEqual([32, 16, 8, 8, 8]);
    }
    const model = mobilenetv2({ output_stride: 8 });
    initialize(model);
    const { result } = traceStates(() => model.call(input('x', [1, 3, 64, 64]), context(false)));
    const dilations = reachableNodes([result])
      .filter(({ op, scope }) => op === 'conv2d' && scope.includes('conv_3x3'))
      .map(({ attrs }) => (attrs as { dilation: number[] }).dilation[0]);
    expect(dilations).toEqual([1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 4, 4, 4]);
  });
});

test('a symbolic batch reaches the logits', () => {
  for (const model of [mobilenetv1(), mobilenetv2(), resnet({ se_resnet: true })]) {
    initialize(model);
    const { result } = traceStates(() => model.call(input('x', [BATCH, 3, 64, 64]), context(false)));
    expect(result.shape).toEqual([BATCH, 1000]);
  }
});

test('training writes every running statistic, evaluation and frozen norms none', () => {
  const model = mobilenetv2({ n_classes: 10 });
  const { buffers } = initialize(model);
  const writes = (training: boolean): number =>
    traceStates(() => model.call(input('x', [2, 3, 64, 64]), context(training))).writes.size;
  expect(writes(true)).toBe(buffers.length);
  expect(writes(false)).toBe(0);
  freezeBatchNorm(model);
  expect(writes(true)).toBe(0);
  expect(summarize(model, [1, 3, 64, 64]).trainable).toBeLessThan(summarize(model, [1, 3, 64, 64]).parameters);
});

test('dropout runs in training only, with the rule of the network', () => {
  const dropouts = (model: ClassificationModel, training: boolean): unknown[] => {
    initialize(model);
    const { result } = traceStates(() => model.call(input('x', [2, 3, 64, 64]), context(training)));
    return reachableNodes([result])
      .filter(({ op }) => op === 'dropout')
      .map(({ attrs }) => (attrs as { p: number }).p);
  };
  expect(dropouts(mobilenetv2(), true)).toEqual([0.2]);
  expect(dropouts(mobilenetv2({ width_multiplier: 0.5 }), true)).toEqual([0.1]);
  expect(dropouts(mobilenetv2({ classifier_dropout: 0 }), true)).toEqual([]);
  expect(dropouts(mobilenetv1({ width_multiplier: 2 }), true)).toEqual([0.1]);
  expect(dropouts(mobilenetv2(), false)).toEqual([]);
  expect(dropouts(mobilenetv3(), true)).toEqual([0.2]);
  expect(dropouts(efficientnet({ stochastic_depth_prob: 0.16 }), true)).toEqual([
    0.02, 0.04, 0.06, 0.07, 0.09, 0.1, 0.12, 0.13, 0.14,
  ]);
  expect(dropouts(resnet({ depth: 18, stochastic_depth_prob: 0.7 }), true)).toEqual([
    0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7,
  ]);
});

test.each(Object.keys(classificationModels) as ClassificationModelName[])('%s can be trained', (name) => {
  const model = classificationModels[name]({ n_classes: 7 });
  const { parameters } = initialize(model);
  const [channels, size] = name === 'lenet' ? [1, 28] : [3, 64];
  const forward = traceStates(() => {
    const logits = model.call(input('x', [2, channels, size, size]), context(true));
    return { loss: crossEntropy(logits, input('target', [2], 'i32')) };
  });
  const fused = rewriteTrace(forward, fuseBatchNormActivation);
  expect([...fused.writes.keys()]).toEqual([...forward.writes.keys()]);
  const grads = gradients(
    fused.result.loss,
    parameters.map((state) => fused.reads.get(state)!),
  );
  expect(grads.map(({ shape }) => shape)).toEqual(parameters.map(({ shape }) => shape));
  const left = reachableNodes(grads).filter(({ op }) => op === 'activation');
  const residual = {
    mobilenetv1: 0,
    mobilenetv2: 0,
    mobilenetv3: 37,
    efficientnet: 63,
    mobilevit: 9,
    mobilevit_v2: 18,
    vit: 12,
    resnet: 16,
    lenet: 4,
  }[name];
  expect(left).toHaveLength(residual); // those after an addition, without a norm, or not relu
});

test('errors name the layer', () => {
  const model = mobilenetv2();
  initialize(model);
  const wrong = () => traceStates(() => model.call(input('x', [1, 1, 64, 64]), context(false)));
  expect(wrong).toThrow('conv_1.block.conv: conv2d got 1 input channels, but weight [32,3,3,3] with groups=1 needs 3');
  expect(() => traceStates(() => mobilenetv2().call(input('x', [1, 3, 64, 64]), context(false)))).toThrow(
    'call initialize(model, { seed }) first',
  );
});

test('lenet fits in a page', () => {
  const model = lenet();
  initialize(model);
  const summary = summarize(model, [1, 1, 28, 28]);
  expect(summary.parameters).toBe(156 + 2416 + 94_200 + 10_164 + 850);
  expect(summary.layers.map(({ name }) => name)).toContain('classifier.fc_1');
  expect(summary.layers.at(-1)?.output).toEqual([1, 10]);
});
