import { makeActivation } from '../../nn/conv-layer.js';
import { Conv2d, Dropout, Flatten, Linear, MaxPool2d } from '../../nn/layers.js';
import type { ForwardContext } from '../../nn/module.js';
import { Sequential } from '../../nn/sequential.js';
import type { Tensor } from '../../tensor/tensor.js';
import { ClassificationModel, type ClassificationOptions, layerSettings } from './model.js';

export interface LeNetOptions extends ClassificationOptions {
  /** 1 for digits in grey, 3 for colour [1]. */
  readonly in_channels?: number;
  /** Height and width of the images, a multiple of 4 [28]. */
  readonly image_size?: number;
}

/** A LeNet-5 of today (LeCun et al., 1998): max-pools and relu; for MNIST and first programs. */
export class LeNet extends ClassificationModel {
  readonly layer_1: Sequential;
  readonly layer_2: Sequential;
  readonly classifier: Sequential;

  constructor(options: LeNetOptions = {}) {
    super({ n_classes: 10, ...options });
    const { in_channels = 1, image_size = 28, classifier_dropout = 0 } = options;
    const { activation } = layerSettings(options);
    const pooled = image_size / 4;
    this.layer_1 = new Sequential({
      conv: new Conv2d(in_channels, 6, { kernel: 5, padding: 2, bias: true }),
      act: makeActivation(activation, 6),
      pool: new MaxPool2d({ kernel: 2 }),
    });
    this.layer_2 = new Sequential({
      conv: new Conv2d(6, 16, { kernel: 5, padding: 2, bias: true }),
      act: makeActivation(activation, 16),
      pool: new MaxPool2d({ kernel: 2 }),
    });
    this.classifier = new Sequential({
      flatten: new Flatten(),
      fc_1: new Linear(16 * pooled * pooled, 120),
      act_1: makeActivation(activation, 120),
      fc_2: new Linear(120, 84),
      act_2: makeActivation(activation, 84),
      classifier_dropout: classifier_dropout > 0 && new Dropout(classifier_dropout),
      classifier_fc: new Linear(84, this.n_classes),
    });
  }

  features(x: Tensor, context: ForwardContext): { readonly out_l1: Tensor; readonly out_l2: Tensor } {
    const out_l1 = this.layer_1.call(x, context);
    return { out_l1, out_l2: this.layer_2.call(out_l1, context) };
  }

  forward(x: Tensor, context: ForwardContext): Tensor {
    return this.classifier.call(this.features(x, context).out_l2, context);
  }
}

export const lenet = (options?: LeNetOptions): LeNet => new LeNet(options);
