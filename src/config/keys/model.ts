import * as z from 'zod';

const share = () => z.number().min(0).lt(1);
const activation = z.enum([
  'relu',
  'relu6',
  'leaky_relu',
  'prelu',
  'sigmoid',
  'swish',
  'hard_swish',
  'hard_sigmoid',
  'gelu',
  'tanh',
]);
const convInit = z.enum([
  'kaiming_normal',
  'kaiming_uniform',
  'xavier_normal',
  'xavier_uniform',
  'normal',
  'trunc_normal',
]);

/** Keys about the network: `model.*` and `loss.*`. */
export const modelKeys = {
  'model.classification.name': z.string().nullable().default(null).describe('Which network'),
  'model.classification.n_classes': z.int().min(1).default(1000).describe('Classes of the dataset'),
  'model.classification.classifier_dropout': share()
    .default(0)
    .describe("Dropout before the classifier; 0: the network's own rule, as in CVNets"),
  'model.classification.freeze_batch_norm': z
    .boolean()
    .default(false)
    .describe('Batch norms use and keep their running statistics'),
  'model.classification.activation.name': activation
    .nullable()
    .default(null)
    .describe('Activation of the network; default: model.activation.name'),
  'model.classification.activation.neg_slope': z
    .number()
    .default(0.1)
    .describe('Slope of leaky_relu and start of prelu below 0'),
  'model.classification.mobilenetv1.width_multiplier': z
    .number()
    .positive()
    .default(1)
    .describe('Scales the channels of every layer'),
  'model.classification.mobilenetv2.width_multiplier': z
    .number()
    .positive()
    .default(1)
    .describe('Scales the channels of every layer'),
  'model.classification.mobilenetv3.mode': z.enum(['large', 'small']).default('large').describe('Which variant'),
  'model.classification.mobilenetv3.width_multiplier': z
    .number()
    .positive()
    .default(1)
    .describe('Scales the channels of every layer'),
  'model.classification.efficientnet.mode': z
    .enum(['b0', 'b1', 'b2', 'b3', 'b4', 'b5', 'b6', 'b7'])
    .default('b0')
    .describe('Which variant'),
  'model.classification.efficientnet.stochastic_depth_prob': share()
    .default(0)
    .describe('Probability that the last residual block drops its branch; linear from 0'),
  'model.classification.resnet.depth': z.literal([18, 34, 50, 101]).default(50).describe('Number of layers'),
  'model.classification.resnet.dropout': share().default(0).describe('Dropout in the residual blocks'),
  'model.classification.resnet.stochastic_depth_prob': share()
    .default(0)
    .describe('Probability that the last residual block drops its branch; linear from 0'),
  'model.classification.resnet.se_resnet': z.boolean().default(false).describe('Squeeze-and-excitation in every block'),
  'model.classification.onnx.path': z
    .string()
    .nullable()
    .default(null)
    .describe("ONNX file of a network, for model.classification.name 'onnx'"),
  'model.activation.name': activation.default('relu').describe('Activation where a layer names none'),
  'model.activation.neg_slope': z.number().default(0.1).describe('Slope of leaky_relu and start of prelu below 0'),
  'model.normalization.name': z
    .enum(['batch_norm', 'batch_norm_2d', 'batch_norm_fp32', 'sync_batch_norm', 'sync_batch_norm_fp32'])
    .default('batch_norm')
    .describe('Normalisation layer; the names of batch norm are the same thing on one device in float32'),
  'model.normalization.momentum': z
    .number()
    .gt(0)
    .lte(1)
    .default(0.1)
    .describe('Share of the batch in running statistics'),
  'model.layer.global_pool': z
    .enum(['mean', 'rms', 'abs'])
    .default('mean')
    .describe('Global pooling before the classifier'),
  'model.layer.reset_parameters': z
    .boolean()
    .default(false)
    .describe('Applies conv_init and linear_init, which CVNets 0.2 to 0.4 reads and ignores'),
  'model.layer.conv_init': convInit.default('kaiming_normal').describe('Initial weights of convolutions'),
  'model.layer.conv_init_std_dev': z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe('Standard deviation for conv_init normal'),
  'model.layer.linear_init': convInit.default('xavier_uniform').describe('Initial weights of linear layers'),
  'model.layer.linear_init_std_dev': z
    .number()
    .positive()
    .default(0.01)
    .describe('Standard deviation for linear_init normal'),

  'loss.category': z.enum(['classification']).nullable().default(null).describe('Kind of loss'),
  'loss.classification.name': z.enum(['cross_entropy']).nullable().default(null).describe('Loss of a classifier'),
  'loss.classification.cross_entropy.label_smoothing': share()
    .default(0)
    .describe('Share of the target spread over all classes; training only'),
  'loss.classification.cross_entropy.ignore_index': z.int().default(-1).describe('Label that does not count'),
};
