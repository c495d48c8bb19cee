import { imagenetPixels } from './imagenet.js';
import type { NameMap, VariantFacts } from './index.js';

/** `layer1.0.bn2.weight`: torchvision's names, which timm has taken over. */
const names: NameMap = {
  theirs(name) {
    const unit = /^(.*)\.block\.(conv|norm)\.(\w+)$/.exec(name);
    if (!unit) return name.replace(/^classifier\.classifier_fc\./, 'fc.');
    const [, path, part, parameter] = unit;
    const inner = part === 'conv' ? 'conv' : 'bn';
    if (path === 'conv_1') return `${inner}1.${parameter}`;
    const inBlock = /^layer_(\d)\.block_(\d+)\.(?:block\.conv_batch_(?:act_)?(\d)|(down_sample))$/.exec(path);
    if (!inBlock) return undefined;
    const [, layer, block, position, downSample] = inBlock;
    const place = downSample ? `downsample.${part === 'conv' ? 0 : 1}` : `${inner}${position}`;
    return `layer${Number(layer) - 1}.${block}.${place}.${parameter}`;
  },
};

const facts: VariantFacts = { activation: 'relu', pixels: imagenetPixels, names: [names] };

export const resnetVariants = { torchvision: facts, timm: facts };
