const later = (what: string, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, `${what} ${name}`]));

const metrics = later('the metric', [
  'iou',
  'confusion_matrix',
  'coco_map',
  'psnr',
  'prob_hist',
  'average_precision',
  'retrieval_cmc',
  'image_text_retrieval',
]);
const filters = later('the filter', ['nearest', 'box', 'hamming', 'lanczos']);

/**
 * CVNets' values of keys that are there, with what they need. In lists each element counts. Nothing can
 * stand in for them, so they are errors even where unsupported keys are allowed.
 */
export const laterValues: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'model.classification.name': later('the network', ['regnet', 'swin', 'fastvit', 'mobileone', 'byteformer']),
  'model.normalization.name': later('the normalization', [
    'batch_norm_1d',
    'batch_norm_3d',
    'group_norm',
    'instance_norm',
    'instance_norm_1d',
    'instance_norm_2d',
    'layer_norm',
    'layer_norm_2d',
    'layer_norm_nchw',
    'layer_norm_fp32',
    'identity',
  ]),
  'dataset.category': {
    segmentation: 'segmentation',
    detection: 'object detection',
    multi_modal_image_text: 'training on images with texts',
    audio_classification: 'audio',
  },
  'dataset.name': later('the dataset', [
    'imagenet_a',
    'imagenet_r',
    'imagenet_sketch',
    'imagenet_v2',
    'places365',
    'coco',
    'coco_ssd',
    'coco_mask_rcnn',
    'ade20k',
    'pascal',
    'flickr',
    'img_text_tar',
    'speech_commands_v2',
  ]),
  'loss.category': {
    segmentation: 'segmentation',
    detection: 'object detection',
    distillation: 'distillation',
    multi_modal_image_text: 'training on images with texts',
    neural_augmentation: 'learned augmentation',
    composite_loss: 'losses made of several losses',
  },
  'loss.classification.name': later('the loss', ['binary_cross_entropy']),
  'sampler.name': { chain_sampler: 'training on several tasks' },
  'stats.checkpoint_metric': metrics,
  'stats.train': metrics,
  'stats.val': metrics,
  'image_augmentation.random_resized_crop.interpolation': filters,
  'image_augmentation.resize.interpolation': filters,
};
