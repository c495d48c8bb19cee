import * as z from 'zod';

const share = () => z.number().min(0).lt(1).default(0);
const attention = () => share().describe('Dropout of the attention weights');
const hidden = () => share().describe('Dropout between the layers of the feed-forward networks');
const branch = () => share().describe('Dropout after attention and feed-forward networks');
const tokenNorm = () =>
  z
    .enum(['layer_norm', 'layer_norm_fp32'])
    .default('layer_norm')
    .describe('Norm of the transformers; both are the same');

/** Keys about networks with attention: MobileViT is `mit`, MobileViTv2 `mitv2`. */
export const transformerKeys = {
  'model.classification.mit.mode': z.enum(['xx_small', 'x_small', 'small']).default('small').describe('Which variant'),
  'model.classification.mit.attn_dropout': attention(),
  'model.classification.mit.ffn_dropout': hidden(),
  'model.classification.mit.dropout': branch(),
  'model.classification.mit.transformer_norm_layer': tokenNorm(),
  'model.classification.mit.no_fuse_local_global_features': z
    .boolean()
    .default(false)
    .describe('Leaves out the convolution over input and output of a block together'),
  'model.classification.mit.conv_kernel_size': z
    .int()
    .min(1)
    .default(3)
    .describe('Size of the convolutions in the MobileViT blocks'),
  'model.classification.mit.head_dim': z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe('Channels of a head; excludes number_heads'),
  'model.classification.mit.number_heads': z.int().min(1).nullable().default(null).describe('Heads; default 4'),
  'model.classification.mitv2.width_multiplier': z
    .number()
    .positive()
    .default(1)
    .describe('Scales the channels of every layer'),
  'model.classification.mitv2.attn_dropout': attention(),
  'model.classification.mitv2.ffn_dropout': hidden(),
  'model.classification.mitv2.dropout': branch(),
  'model.classification.mitv2.attn_norm_layer': z
    .enum(['layer_norm_2d', 'layer_norm', 'layer_norm_fp32'])
    .default('layer_norm_2d')
    .describe('Norm of the transformers: over pixels and channels, or over channels'),
  'model.classification.vit.mode': z
    .enum(['tiny', 'small', 'base', 'large', 'huge'])
    .default('base')
    .describe('Which variant'),
  'model.classification.vit.dropout': branch(),
  'model.classification.vit.stochastic_dropout': share().describe(
    'Probability that the last block drops its branches; linear from 0; excludes dropout',
  ),
  'model.classification.vit.norm_layer': tokenNorm(),
  'model.classification.vit.sinusoidal_pos_emb': z
    .boolean()
    .default(false)
    .describe('Sines and cosines for positions instead of a trained table'),
  'model.classification.vit.no_cls_token': z
    .boolean()
    .default(false)
    .describe('Classifies the mean of the tokens instead of a token of its own'),
};
