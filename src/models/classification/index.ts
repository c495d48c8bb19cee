import { efficientnet } from './efficientnet.js';
import { lenet } from './lenet.js';
import { mobilenetv1 } from './mobilenetv1.js';
import { mobilenetv2 } from './mobilenetv2.js';
import { mobilenetv3 } from './mobilenetv3.js';
import { mobilevit } from './mobilevit.js';
import { mobilevitV2 } from './mobilevit-v2.js';
import type { ClassificationModel, ClassificationOptions } from './model.js';
import { resnet } from './resnet.js';
import { vit } from './vit.js';

/** Networks by CVNets' key; each takes its options and returns a model that `initialize` gives its values. */
export const classificationModels = {
  mobilenetv1,
  mobilenetv2,
  mobilenetv3,
  efficientnet,
  mobilevit,
  mobilevit_v2: mobilevitV2,
  vit,
  resnet,
  lenet,
} as const satisfies Record<string, (options: ClassificationOptions) => ClassificationModel>;

export type ClassificationModelName = keyof typeof classificationModels;
