import { imagenetPixels } from './imagenet.js';
import type { NameMap, VariantFacts } from './index.js';

/** Blocks before each stage of ours. */
const blocksBefore = [0, 1, 3, 6, 13] as const;
/** Blocks before each of timm's stages, which are the rows of the paper's table. */
const rowStarts = [0, 1, 3, 6, 10, 13, 16] as const;

interface Place {
  /** 0 is the first of 17 blocks. */
  readonly block: number;
  readonly layer: 'exp_1x1' | 'conv_3x3' | 'red_1x1';
}

/** What a parameter of ours belongs to. */
interface Owner {
  readonly at: Place | 'conv_1' | 'conv_1x1_exp' | 'classifier';
  readonly part: 'conv' | 'norm' | 'linear';
  readonly parameter: string;
}

function ownerOf(name: string): Owner | undefined {
  const linear = /^classifier\.classifier_fc\.(\w+)$/.exec(name);
  if (linear) return { at: 'classifier', part: 'linear', parameter: linear[1] };
  const unit = /^(?:(conv_1|conv_1x1_exp)|layer_(\d)\.mv2_block_(\d)\.block\.(\w+))\.block\.(conv|norm)\.(\w+)$/.exec(
    name,
  );
  if (!unit) return undefined;
  const [, single, stage, block, layer, part, parameter] = unit;
  const place = { block: blocksBefore[Number(stage) - 1] + Number(block), layer: layer as Place['layer'] };
  return { at: (single as 'conv_1') ?? place, part: part as 'conv', parameter };
}

const named = (theirs: (owner: Owner) => string): NameMap['theirs'] => {
  return (name) => {
    const owner = ownerOf(name);
    return owner && theirs(owner);
  };
};

/** `features.2.conv.1.0.weight`: convolution, norm and activation are a sequence, the last two layers of a block none. */
const torchvision: NameMap = {
  theirs: named(({ at, part, parameter }) => {
    const index = part === 'norm' ? 1 : 0;
    if (at === 'classifier') return `classifier.1.${parameter}`;
    if (at === 'conv_1') return `features.0.${index}.${parameter}`;
    if (at === 'conv_1x1_exp') return `features.18.${index}.${parameter}`;
    const expanded = at.block > 0 ? 1 : 0;
    const place = { exp_1x1: `0.${index}`, conv_3x3: `${expanded}.${index}`, red_1x1: `${expanded + 1 + index}` };
    return `features.${at.block + 1}.conv.${place[at.layer]}.${parameter}`;
  }),
};

/** `blocks.1.0.conv_pw.weight`. */
const timm: NameMap = {
  theirs: named(({ at, part, parameter }) => {
    const isNorm = part === 'norm';
    if (at === 'classifier') return `classifier.${parameter}`;
    if (at === 'conv_1') return `${isNorm ? 'bn1' : 'conv_stem'}.${parameter}`;
    if (at === 'conv_1x1_exp') return `${isNorm ? 'bn2' : 'conv_head'}.${parameter}`;
    const row = rowStarts.findLastIndex((start) => start <= at.block);
    const [convs, norms] =
      at.block > 0
        ? [
            { exp_1x1: 'conv_pw', conv_3x3: 'conv_dw', red_1x1: 'conv_pwl' },
            { exp_1x1: 1, conv_3x3: 2, red_1x1: 3 },
          ]
        : [
            { exp_1x1: '', conv_3x3: 'conv_dw', red_1x1: 'conv_pw' },
            { exp_1x1: 0, conv_3x3: 1, red_1x1: 2 },
          ];
    const layer = isNorm ? `bn${norms[at.layer]}` : convs[at.layer];
    return `blocks.${row}.${at.block - rowStarts[row]}.${layer}.${parameter}`;
  }),
};

const kerasNorm: Readonly<Record<string, string>> = {
  weight: 'gamma',
  bias: 'beta',
  running_mean: 'moving_mean',
  running_var: 'moving_variance',
};

/** `block_1_depthwise/depthwise_kernel`: names of Keras, kernels [height, width, in, out]. */
const keras: NameMap = {
  theirs: named(({ at, part, parameter }) => {
    const kernel = parameter === 'weight' ? 'kernel' : parameter;
    if (at === 'classifier') return `predictions/${kernel}`;
    const norm = kerasNorm[parameter];
    if (at === 'conv_1') return part === 'norm' ? `bn_Conv1/${norm}` : `Conv1/${kernel}`;
    if (at === 'conv_1x1_exp') return part === 'norm' ? `Conv_1_bn/${norm}` : `Conv_1/${kernel}`;
    const layer = { exp_1x1: 'expand', conv_3x3: 'depthwise', red_1x1: 'project' }[at.layer];
    const path = `${at.block === 0 ? 'expanded_conv' : `block_${at.block}`}_${layer}`;
    if (part === 'norm') return `${path}_BN/${norm}`;
    return `${path}/${at.layer === 'conv_3x3' ? 'depthwise_kernel' : 'kernel'}`;
  }),
  axes(name, rank) {
    if (rank === 2) return [1, 0];
    if (rank !== 4) return undefined;
    return name.includes('.conv_3x3.') ? [2, 3, 0, 1] : [3, 2, 0, 1];
  },
  eps: 1e-3,
};

const shared = { activation: 'relu6', pixels: imagenetPixels } as const;

export const mobilenetv2Variants = {
  torchvision: { ...shared, names: [torchvision] },
  timm: { ...shared, names: [timm] },
  tensorflow: { ...shared, pixels: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }, names: [keras] },
} as const satisfies Record<string, VariantFacts>;
