import { FormatError } from '../../utils/errors.js';
import type { Region, RgbImage } from './image.js';

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** Reads the files of one format. Both methods throw FormatError for a file that is damaged or not supported. */
export interface ImageDecoder {
  /** Reads no further than it must. */
  header(file: Uint8Array): ImageSize;
  /** @param options `region` decodes only that part: the same pixels as cropping the whole image. */
  decode(file: Uint8Array, options?: { readonly region?: Region }): RgbImage;
}

export type ImageFormat = 'jpeg' | 'png';

const signatures: Readonly<Record<ImageFormat, readonly number[]>> = {
  jpeg: [0xff, 0xd8],
  png: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
};

/** What a file is by its first bytes, whatever its name. */
export function imageFormat(file: Uint8Array): ImageFormat | undefined {
  const formats = Object.keys(signatures) as ImageFormat[];
  return formats.find((name) => signatures[name].every((byte, i) => file[i] === byte));
}

/** Picks the decoder by the first bytes of a file, not by its name: datasets have PNG files called .jpg. */
export class ImageDecoders implements ImageDecoder {
  constructor(readonly decoders: Readonly<Partial<Record<ImageFormat, ImageDecoder>>>) {}

  header(file: Uint8Array): ImageSize {
    return this.#decoderOf(file).header(file);
  }

  decode(file: Uint8Array, options?: { readonly region?: Region }): RgbImage {
    return this.#decoderOf(file).decode(file, options);
  }

  #decoderOf(file: Uint8Array): ImageDecoder {
    const format = imageFormat(file);
    const decoder = format && this.decoders[format];
    if (decoder) return decoder;
    const start = [...file.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const what = file.length === 0 ? 'the file is empty' : `the file starts with ${start}`;
    throw new FormatError(what, `${Object.keys(this.decoders).join(' and ')} can be read`);
  }
}
