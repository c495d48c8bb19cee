import type { Resize } from '../transforms/resize.js';
import { wasmResize } from '../transforms/wasm-resize.js';
import { type ImageDecoder, ImageDecoders } from './decoder.js';
import { JpegDecoder } from './jpeg.js';
import { PngDecoder } from './png.js';

/** What a thread needs to turn files into pixels. */
export interface ImageTools {
  readonly decoder: ImageDecoder;
  readonly resize: Resize;
}

/**
 * Both work in the memory of one instance, so that what was decoded is resized where it lies.
 * @param imaging `imaging.wasm`, compiled
 */
export async function imageTools(imaging: WebAssembly.Module): Promise<ImageTools> {
  const instance = await WebAssembly.instantiate(imaging);
  const decoder = new ImageDecoders({ jpeg: new JpegDecoder(instance), png: new PngDecoder() });
  return { decoder, resize: wasmResize(instance) };
}
