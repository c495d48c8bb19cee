import { ImageDecoders } from '../data/images/decoder.js';
import { JpegDecoder } from '../data/images/jpeg.js';
import { PngDecoder } from '../data/images/png.js';
import type { Platform } from '../platform/platform.js';

/** Reads every format of photo that there is a decoder for. */
export async function openDecoders(platform: Platform): Promise<ImageDecoders> {
  return new ImageDecoders({ jpeg: await JpegDecoder.create(platform), png: new PngDecoder() });
}
