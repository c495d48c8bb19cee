import type { ActivationName } from '../../../nn/layers.js';
import type { VariantFacts } from './index.js';

/** `model.activation` of CVNets' recipes, with which its published weights were trained. */
const activations: Readonly<Record<string, ActivationName>> = {
  mobilenetv1: 'relu6',
  mobilenetv2: 'relu6',
  mobilenetv3: 'relu',
  efficientnet: 'swish',
  resnet: 'relu',
  mobilevit: 'swish',
  mobilevit_v2: 'swish',
  vit: 'gelu',
};

/** CVNets feeds pixels in 0..1 as they are. */
export function cvnetsFacts(network: string): VariantFacts {
  return { activation: Object.hasOwn(activations, network) ? activations[network] : 'relu', names: [] };
}
