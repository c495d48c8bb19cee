import { encode } from 'fast-png';
import type { PhotoDataset } from '../../src/data/datasets/dataset.js';
import { loadImageFolder } from '../../src/data/datasets/image-folder.js';
import { memoryFiles } from '../../src/platform/memory-files.js';
import type { Files } from '../../src/platform/platform.js';
import { noiseImage } from './noise-image.js';

/** A PNG of noise whose size depends on its seed. */
export function noisePng(seed: number): Uint8Array {
  const { width, height, data } = noiseImage(seed, 20 + (seed % 7), 16 + (seed % 5));
  return encode({ width, height, data, channels: 3, depth: 8 });
}

/** `root/CLASS/N.png` for classes a, b, ... in memory. */
export async function photoFolder(count: number, classes = 3, root = 'photos'): Promise<Files> {
  const files = memoryFiles();
  for (let i = 0; i < count; i++) {
    const name = String.fromCharCode(97 + (i % classes));
    await files.write(`${root}/${name}/${`${i}`.padStart(3, '0')}.png`, noisePng(i));
  }
  return files;
}

export async function photoDataset(count: number): Promise<{ files: Files; dataset: PhotoDataset }> {
  const files = await photoFolder(count);
  return { files, dataset: await loadImageFolder(files, 'photos', 'train') };
}
