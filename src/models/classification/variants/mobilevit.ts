import type { NameMap, VariantFacts } from './index.js';

type Rule = readonly [pattern: RegExp, replacement: string | ((...groups: string[]) => string)];

const shared: readonly Rule[] = [
  [/^conv_1\./, 'stem.'],
  [/^conv_1x1_exp\./, 'final_conv.'],
  [/^layer_(\d)\./, (_, stage) => `stages.${Number(stage) - 1}.`],
  [/\.block\.exp_1x1\./, '.conv1_1x1.'],
  [/\.block\.conv_3x3\./, '.conv2_kxk.'],
  [/\.block\.red_1x1\./, '.conv3_1x1.'],
  [/\.global_rep\.\d+\.(weight|bias)$/, '.norm.$1'],
  [/\.global_rep\./, '.transformer.'],
  [/\.pre_norm_(mha|attn)\.0\./, '.norm1.'],
  [/\.pre_norm_ffn\.0\./, '.norm2.'],
  [/\.pre_norm_ffn\.1\./, '.mlp.fc1.'],
];

const first: readonly Rule[] = [
  [/\.local_rep\.conv_3x3\./, '.conv_kxk.'],
  [/\.local_rep\.conv_1x1\.block\.conv\./, '.conv_1x1.'],
  [/\.pre_norm_mha\.1\.qkv_proj\./, '.attn.qkv.'],
  [/\.pre_norm_mha\.1\.out_proj\./, '.attn.proj.'],
  [/\.pre_norm_ffn\.4\./, '.mlp.fc2.'],
  [/\.fusion\./, '.conv_fusion.'],
  [/^classifier\.fc\./, 'head.fc.'],
];

const second: readonly Rule[] = [
  [/\.local_rep\.0\./, '.conv_kxk.'],
  [/\.local_rep\.1\.block\.conv\./, '.conv_1x1.'],
  [/\.pre_norm_attn\.1\.(qkv_proj|out_proj)\.block\.conv\./, '.attn.$1.'],
  [/\.pre_norm_ffn\.3\./, '.mlp.fc2.'],
  [/\.mlp\.(fc\d)\.block\.conv\./, '.mlp.$1.'],
  [/^classifier\.1\./, 'head.fc.'],
];

const units: readonly Rule[] = [
  [/\.block\.conv\./, '.conv.'],
  [/\.block\.norm\./, '.bn.'],
];

/** `stages.2.1.transformer.0.attn.qkv.weight`: timm's names of the networks that it took from CVNets. */
function timm(own: readonly Rule[]): NameMap {
  const rules = [...shared, ...own, ...units];
  return {
    theirs: (name) =>
      rules.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement as string), name),
  };
}

const facts = { activation: 'swish' } as const;

export const mobilevitVariants: { readonly timm: VariantFacts } = { timm: { ...facts, names: [timm(first)] } };
export const mobilevitV2Variants: { readonly timm: VariantFacts } = { timm: { ...facts, names: [timm(second)] } };
