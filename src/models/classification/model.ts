import type { LayerSettings } from '../../nn/conv-layer.js';
import { type ActivationName, BatchNorm, Dropout, GlobalPool, Linear, type PoolType } from '../../nn/layers.js';
import { type ForwardContext, Module, namedModules } from '../../nn/module.js';
import { Sequential } from '../../nn/sequential.js';
import type { Tensor } from '../../tensor/tensor.js';

/** Options of every classification network, with CVNets' names. */
export interface ClassificationOptions {
  /** Classes of the dataset [1000]. */
  readonly n_classes?: number;
  /** Dropout before the classifier; left out: the network's own rule. 0 means none. */
  readonly classifier_dropout?: number;
  /** Activation of the network [relu]. */
  readonly activation?: ActivationName;
  /** Slope below zero of leaky_relu [0.1]. */
  readonly neg_slope?: number;
  /** Weight of a batch in the running statistics of the norms [0.1]. */
  readonly norm_momentum?: number;
  /** How a feature map becomes a vector [mean]. */
  readonly global_pool?: PoolType;
}

/** A network from images [N,C,H,W] to logits [N, n_classes]. */
export abstract class ClassificationModel extends Module {
  readonly n_classes: number;

  constructor({ n_classes = 1000 }: ClassificationOptions) {
    super();
    this.n_classes = n_classes;
  }
}

/** Feature maps by stage; stage n has 1 / 2^n of the resolution unless `output_stride` stops it. */
export interface Features {
  readonly out_l1: Tensor;
  readonly out_l2: Tensor;
  readonly out_l3: Tensor;
  readonly out_l4: Tensor;
  readonly out_l5: Tensor;
}

export interface EncoderOptions extends ClassificationOptions {
  /** Largest stride of the feature maps: 8 or 16 dilate the last stages instead. For dense tasks. */
  readonly output_stride?: 8 | 16 | 32;
}

/** A classification network whose stages serve as the backbone of detection and segmentation. */
export abstract class Encoder extends ClassificationModel {
  abstract readonly conv_1: Module;
  abstract readonly layer_1: Module;
  abstract readonly layer_2: Module;
  abstract readonly layer_3: Module;
  abstract readonly layer_4: Module;
  abstract readonly layer_5: Module;
  abstract readonly conv_1x1_exp: Module;
  abstract readonly classifier: Module;
  /** Channels of out_l1 ... out_l5 and of what the classifier pools. */
  abstract readonly channels: readonly [number, number, number, number, number, number];

  features(x: Tensor, context: ForwardContext): Features {
    const out_l1 = this.layer_1.call(this.conv_1.call(x, context), context);
    const out_l2 = this.layer_2.call(out_l1, context);
    const out_l3 = this.layer_3.call(out_l2, context);
    const out_l4 = this.layer_4.call(out_l3, context);
    return { out_l1, out_l2, out_l3, out_l4, out_l5: this.layer_5.call(out_l4, context) };
  }

  forward(x: Tensor, context: ForwardContext): Tensor {
    return this.head(this.features(x, context).out_l5, context);
  }

  /** Logits of the last feature map. */
  head(out_l5: Tensor, context: ForwardContext): Tensor {
    return this.classifier.call(this.conv_1x1_exp.call(out_l5, context), context);
  }
}

export function layerSettings({
  activation = 'relu',
  neg_slope,
  norm_momentum = 0.1,
}: ClassificationOptions): LayerSettings {
  return { activation: { name: activation, neg_slope }, norm_momentum };
}

/** Global pool, dropout, linear layer. */
export function classifierHead(features: number, n_classes: number, dropout: number, pool?: PoolType): Sequential {
  return new Sequential({
    global_pool: new GlobalPool(pool),
    classifier_dropout: dropout > 0 && new Dropout(dropout),
    classifier_fc: new Linear(features, n_classes),
  });
}

/** Lets every batch norm keep its running statistics and stops the training of its weights. */
export function freezeBatchNorm(model: Module): void {
  for (const [, module] of namedModules(model)) if (module instanceof BatchNorm) module.freeze();
}
