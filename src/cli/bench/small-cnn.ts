import { ClassificationModel, classifierHead } from '../../models/classification/model.js';
import { ConvLayer, defaultSettings } from '../../nn/conv-layer.js';
import type { ForwardContext } from '../../nn/module.js';
import { Sequential } from '../../nn/sequential.js';
import type { Tensor } from '../../tensor/tensor.js';

/** TensorFlow's SAME at stride 2. */
const SAME_STRIDE_2 = [0, 1, 0, 1] as const;

/** The common small network that every engine can train: three 3x3 convolutions, global average pool, 10 classes. */
export class SmallCnn extends ClassificationModel {
  readonly layers: Sequential;
  readonly classifier: Sequential;

  constructor() {
    super({ n_classes: 10 });
    const shared = { settings: defaultSettings, kernel: 3 };
    this.layers = new Sequential({
      conv_1: new ConvLayer(3, 32, shared),
      conv_2: new ConvLayer(32, 64, { ...shared, stride: 2, padding: SAME_STRIDE_2 }),
      conv_3: new ConvLayer(64, 64, { ...shared, stride: 2, padding: SAME_STRIDE_2 }),
    });
    this.classifier = classifierHead(64, this.n_classes, 0);
  }

  forward(x: Tensor, context: ForwardContext): Tensor {
    return this.classifier.call(this.layers.call(x, context), context);
  }
}
