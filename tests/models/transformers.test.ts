import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createWasmDevice } from '../../src/devices/wasm/device.js';
import { mobilevit } from '../../src/models/classification/mobilevit.js';
import { mobilevitV2 } from '../../src/models/classification/mobilevit-v2.js';
import type { ClassificationModel, Encoder } from '../../src/models/classification/model.js';
import { vit } from '../../src/models/classification/vit.js';
import { initialize } from '../../src/nn/initialize.js';
import { type ForwardContext, namedParameters } from '../../src/nn/module.js';
import { summarize } from '../../src/nn/summary.js';
import { nodePlatform } from '../../src/platform/node.js';
import { Engine, trace } from '../../src/scheduler/engine.js';
import { reachableNodes } from '../../src/tensor/reachable.js';
import { BATCH } from '../../src/tensor/shape.js';
import { traceStates } from '../../src/tensor/state.js';
import { input, type Node, scalar } from '../../src/tensor/tensor.js';
import { runGolden } from '../support/golden.js';

const context = (training: boolean): ForwardContext => ({
  training,
  dropoutCounter: scalar('counter', 'u32'),
  seed: 0,
});

/** Parameters, multiply-adds of convolutions and linear layers, and of the products in the attention. */
const measured: [string, () => ClassificationModel, number, number, string, string?][] = [
  ['mobilevit xx_small', () => mobilevit({ mode: 'xx_small' }), 256, 1_272_024, '329.2M', '78.2M'],
  ['mobilevit x_small', () => mobilevit({ mode: 'x_small' }), 256, 2_317_848, '908.6M', '117.3M'],
  ['mobilevit small', () => mobilevit(), 256, 5_578_632, '1.823G', '177.6M'],
  ['mobilevit_v2 0.5', () => mobilevitV2({ width_multiplier: 0.5 }), 256, 1_370_593, '464.6M'],
  ['mobilevit_v2 0.75', () => mobilevitV2({ width_multiplier: 0.75 }), 256, 2_866_009, '1.028G'],
  ['mobilevit_v2 1.0', () => mobilevitV2(), 256, 4_901_841, '1.812G'],
  ['mobilevit_v2 1.25', () => mobilevitV2({ width_multiplier: 1.25 }), 256, 7_478_089, '2.817G'],
  ['mobilevit_v2 1.5', () => mobilevitV2({ width_multiplier: 1.5 }), 256, 10_594_753, '4.042G'],
  ['mobilevit_v2 1.75', () => mobilevitV2({ width_multiplier: 1.75 }), 256, 14_251_833, '5.489G'],
  ['mobilevit_v2 2.0', () => mobilevitV2({ width_multiplier: 2 }), 256, 18_449_329, '7.156G'],
  ['vit tiny', () => vit({ mode: 'tiny' }), 224, 5_618_344, '1.068G', '0.18G'],
  ['vit small', () => vit({ mode: 'small' }), 224, 21_944_680, '4.256G', '0.36G'],
  ['vit base', () => vit(), 224, 86_724_328, '16.99G', '0.72G'],
  ['vit large', () => vit({ mode: 'large' }), 224, 304_863_208, '59.94G', '1.9G'],
  ['vit huge', () => vit({ mode: 'huge' }), 224, 633_279_720, '124.6G', '3.2G'],
];

/** `macs` in the unit and with the digits of `like`. */
function printed(macs: number, like: string): string {
  const unit = like.at(-1)!;
  const decimals = like.slice(0, -1).split('.')[1].length;
  return `${(macs / { M: 1e6, G: 1e9 }[unit]!).toFixed(decimals)}${unit}`;
}

test.each(measured)(
  '%s has the parameters and multiply-adds of CVNets',
  (_, build, size, parameters, macs, products) => {
    const model = build();
    initialize(model);
    const summary = summarize(model, [1, 3, size, size]);
    const attention = summary.layers.filter(({ name }) => name.endsWith('pre_norm_mha.1'));
    const inAttention = attention.reduce((sum, layer) => sum + layer.macs, 0);
    expect(summary.parameters).toBe(parameters);
    expect(printed(summary.macs - inAttention, macs)).toBe(macs);
    if (products) expect(printed(inAttention, products)).toBe(products);
    else expect(inAttention).toBe(0);
  },
);

describe('state dicts', () => {
  test('have as many entries as CVNets', () => {
    const entries = (model: ClassificationModel): number => {
      const names = [...namedParameters(model).keys()];
      return names.length + names.filter((name) => name.endsWith('running_mean')).length;
    };
    expect([mobilevit(), mobilevitV2(), vit({ mode: 'tiny' })].map(entries)).toEqual([311, 269, 164]);
  });

  test('use the names of CVNets', () => {
    const names = [mobilevit(), mobilevitV2(), vit({ mode: 'tiny' })].map((model) => [
      ...namedParameters(model).keys(),
    ]);
    expect(names[0]).toEqual(
      expect.arrayContaining([
        'layer_2.2.block.red_1x1.block.norm.weight',
        'layer_3.1.local_rep.conv_3x3.block.conv.weight',
        'layer_4.1.global_rep.3.pre_norm_mha.1.qkv_proj.bias',
        'layer_4.1.global_rep.3.pre_norm_ffn.4.weight',
        'layer_5.1.global_rep.3.bias',
        'layer_5.1.fusion.block.conv.weight',
        'classifier.fc.weight',
      ]),
    );
    expect(names[1]).toEqual(
      expect.arrayContaining([
        'layer_3.1.local_rep.1.block.conv.weight',
        'layer_4.1.global_rep.0.pre_norm_attn.1.qkv_proj.block.conv.bias',
        'layer_4.1.global_rep.0.pre_norm_ffn.3.block.conv.weight',
        'layer_5.1.global_rep.3.weight',
        'layer_5.1.conv_proj.block.norm.running_var',
        'classifier.1.bias',
      ]),
    );
    expect(names[2]).toEqual(
      expect.arrayContaining([
        'cls_token',
        'patch_emb.2.block.conv.bias',
        'pos_embed.pos_embed.pos_embed',
        'transformer.11.pre_norm_mha.1.out_proj.weight',
        'post_transformer_norm.weight',
        'classifier.weight',
      ]),
    );
  });
});

describe('features', () => {
  const sizes = (model: Encoder, size: number): string[] => {
    initialize(model);
    const { result } = traceStates(() => model.features(input('x', [2, 3, size, size]), context(false)));
    return Object.values(result).map(({ shape }) => `${shape[1]}x${shape[2]}`);
  };

  test('halve the resolution, unless an output stride stops them', () => {
    const channels = { mobilevit: [32, 64, 96, 128, 160], v2: [64, 128, 256, 384, 512] };
    const expected = (widths: number[], lengths: number[]) => widths.map((width, i) => `${width}x${lengths[i]}`);
    expect(sizes(mobilevit(), 64)).toEqual(expected(channels.mobilevit, [32, 16, 8, 4, 2]));
    expect(sizes(mobilevit({ output_stride: 8 }), 64)).toEqual(expected(channels.mobilevit, [32, 16, 8, 8, 8]));
    expect(sizes(mobilevitV2(), 64)).toEqual(expected(channels.v2, [32, 16, 8, 4, 2]));
    expect(sizes(mobilevitV2({ output_stride: 16 }), 64)).toEqual(expected(channels.v2, [32, 16, 8, 4, 4]));
    expect(mobilevit().channels).toEqual([...channels.mobilevit, 640]);
    expect(mobilevitV2().channels).toEqual([...channels.v2, 512]);
  });

  test('of odd size: MobileViT goes back to it, MobileViTv2 stays with whole patches', () => {
    expect(sizes(mobilevit({ mode: 'xx_small' }), 96).at(-1)).toBe('80x3');
    expect(sizes(mobilevitV2({ width_multiplier: 0.5 }), 96).at(-1)).toBe('256x4');
  });

  test('the blocks of MobileViTv2 dilate, those of MobileViT do not', () => {
    const dilations = (model: Encoder, layer: string) => {
      initialize(model);
      const { result } = traceStates(() => model.call(input('x', [1, 3, 64, 64]), context(false)));
      return reachableNodes([result])
        .filter(({ op, scope }) => op === 'conv2d' && scope.startsWith('layer_') && scope.includes(layer))
        .map(({ attrs }) => (attrs as { dilation: number[] }).dilation[0]);
    };
    expect(dilations(mobilevitV2({ output_stride: 8 }), '1.local_rep.0')).toEqual([1, 2, 4]);
    expect(dilations(mobilevit({ output_stride: 8 }), '1.local_rep.conv_3x3')).toEqual([1, 1, 1]);
    expect(dilations(mobilevit({ output_stride: 8 }), '0.block.conv_3x3')).toEqual([1, 1, 1, 1, 2]);
  });
});

test('a symbolic batch reaches the logits', () => {
  const sinusoidal = vit({ mode: 'tiny', sinusoidal_pos_emb: true, no_cls_token: true });
  for (const model of [mobilevit({ mode: 'xx_small' }), mobilevitV2(), vit({ mode: 'tiny' }), sinusoidal]) {
    initialize(model);
    const { result } = traceStates(() => model.call(input('x', [BATCH, 3, 96, 96]), context(false)));
    expect(result.shape).toEqual([BATCH, 1000]);
  }
});

test('dropouts and dropped branches run in training only', () => {
  const drops = (model: ClassificationModel, training: boolean): Map<number, number> => {
    initialize(model);
    const { result } = traceStates(() => model.call(input('x', [2, 3, 64, 64]), context(training)));
    const found = reachableNodes([result]).filter(({ op }) => op === 'dropout');
    const probabilities = found.map(({ attrs }) => (attrs as { p: number }).p);
    expect(new Set(found.map(({ attrs }) => (attrs as { stream: number }).stream)).size).toBe(found.length);
    return new Map([...new Set(probabilities)].map((p) => [p, probabilities.filter((other) => other === p).length]));
  };
  const rates = { attn_dropout: 0.1, ffn_dropout: 0.2, dropout: 0.3 };
  const each = (blocks: number) =>
    new Map([
      [0.1, blocks],
      [0.3, 2 * blocks],
      [0.2, blocks],
    ]);
  expect(drops(mobilevitV2(rates), true)).toEqual(each(9));
  expect(drops(mobilevit({ mode: 'xx_small', ...rates }), true)).toEqual(each(9));
  expect(drops(mobilevit({ mode: 'xx_small', ...rates, classifier_dropout: 0.4 }), false)).toEqual(new Map());
  expect(drops(mobilevit({ classifier_dropout: 0.4 }), true)).toEqual(new Map([[0.4, 1]]));
  const paths = drops(vit({ mode: 'tiny', stochastic_dropout: 0.055 }), true);
  expect([...paths]).toEqual([[0.1, 1], ...Array.from({ length: 11 }, (_, i) => [Math.round(5 * (i + 1)) / 1000, 2])]);
});

test('options that exclude each other are refused', () => {
  expect(() => vit({ dropout: 0.1, stochastic_dropout: 0.1 })).toThrow(
    'vit got dropout=0.1 and stochastic_dropout=0.1',
  );
  expect(() => mobilevit({ head_dim: 8, number_heads: 4 })).toThrow('mobilevit got head_dim=8 and number_heads=4');
  expect(() => mobilevit({ head_dim: 7 })).toThrow('mobilevit got head_dim=7, which does not divide 144 channels');
  expect(() => mobilevit({ number_heads: 5 })).toThrow('attention got 144 channels and 5 heads');
});

test('an image that is smaller than a token is refused by the layer that runs out of it', () => {
  const model = vit({ mode: 'tiny' });
  initialize(model);
  expect(() => traceStates(() => model.call(input('x', [1, 3, 8, 8]), context(false)))).toThrow(
    'patch_emb.2.block.conv: conv2d',
  );
});

test('options change what they say', () => {
  const nodes = (model: ClassificationModel): Node[] => {
    initialize(model);
    return reachableNodes([traceStates(() => model.call(input('x', [1, 3, 64, 64]), context(false))).result]);
  };
  const batch = (model: ClassificationModel) => nodes(model).find(({ op }) => op === 'softmax')!.outputs[0].shape[0];
  expect(batch(mobilevit({ head_dim: 24 }))).toBe(4 * 6);
  expect(batch(mobilevit({ number_heads: 1 }))).toBe(4);
  expect(nodes(mobilevit({ no_fuse_local_global_features: true })).some(({ op }) => op === 'concat')).toBe(false);
  const [kernel] = namedParameters(mobilevit({ conv_kernel_size: 5 }))
    .get('layer_3.1.fusion.block.conv.weight')!
    .shape.slice(2);
  expect(kernel).toBe(5);
  const norms = (model: ClassificationModel) =>
    new Set(
      nodes(model).flatMap(({ op, attrs }) => (op === 'layerNorm' ? [(attrs as { epsilonOf: string }).epsilonOf] : [])),
    );
  expect(norms(mobilevitV2({ attn_norm_layer: 'layer_norm' }))).toEqual(new Set(['deviation']));
  expect(norms(mobilevit({ transformer_norm_layer: 'layer_norm_fp32' }))).toEqual(new Set(['variance']));
  expect(norms(mobilevitV2())).toEqual(new Set());
});

test('ViT-tiny at 224 on the wasm device: logits are those of PyTorch in float64', { timeout: 120_000 }, async () => {
  const path = resolve(import.meta.dirname, '../fixtures/transformer-gradients.json');
  const { first, mean, std, top } = JSON.parse(readFileSync(path, 'utf8')).vit_tiny.logits;
  const model = vit({ mode: 'tiny', activation: 'gelu' });
  const states = initialize(model);
  const shape = [1, 3, 224, 224];
  const traced = trace(() => ({ logits: model.forward(input('image', shape), context(false)) }));
  const engine = new Engine(await createWasmDevice(nodePlatform, { threads: 0 }));
  try {
    const [{ logits }] = await runGolden(engine, states, traced, shape, 1);
    const got = Array.from(logits);
    first.forEach((value: number, i: number) => {
      expect(Math.abs(got[i] - value), `logit ${i}`).toBeLessThan(1e-4 * std);
    });
    expect(got.indexOf(Math.max(...got))).toBe(top[0]);
    expect(Math.abs(Math.max(...got) - top[1])).toBeLessThan(1e-4 * std);
    expect(Math.abs(got.reduce((sum, value) => sum + value, 0) / got.length - mean)).toBeLessThan(1e-4 * std);
  } finally {
    await engine.close();
  }
});
