import type { Platform } from '../../platform/platform.js';
import { FormatError } from '../../utils/errors.js';
import type { ImageDecoder, ImageSize } from './decoder.js';
import type { Region, RgbImage } from './image.js';
import { explainJpegProblem } from './jpeg-problems.js';

/** Pixels are counted as the file stores them: the orientation is not applied. */
export interface JpegHeader extends ImageSize {
  /** 1 gray, 3 colour. */
  readonly components: number;
  /** EXIF orientation, 1 to 8: 1 upright, and 1 when the file says nothing. */
  readonly orientation: number;
}

export interface DecodeOptions {
  /** The part that is wanted: exactly what the same part of the whole picture would be. Default: all of it. */
  readonly region?: Region;
  /** Largest width x height of a file, whatever the region. Default: 89,478,485, Pillow's limit. */
  readonly maxPixels?: number;
}

export const defaultMaxPixels = 89_478_485;

/** Exports of `assembly/imaging/index.ts`. */
interface Imaging extends WebAssembly.Exports {
  readonly memory: WebAssembly.Memory;
  allocateInput(bytes: number): number;
  readHeader(at: number, bytes: number): number;
  decodeRegion(left: number, top: number, width: number, height: number): number;
  frameRecord(): number;
  problemRecord(): number;
}

/** Words of `Frame` in `assembly/imaging/jpeg/frame.ts`. */
export const frameWords = { width: 0, height: 1, components: 2, orientation: 5, output: 8 } as const;

/**
 * Decodes baseline JPEG to the bytes that libjpeg-turbo gives with its default settings (accurate integer DCT, "fancy"
 * upsampling). An instance serves one thread and keeps the memory of the largest picture it has seen: about 6 bytes
 * a pixel.
 */
export class JpegDecoder implements ImageDecoder {
  readonly #imaging: Imaging;

  /** @param imaging an instance of `imaging.wasm` */
  constructor(imaging: WebAssembly.Instance) {
    this.#imaging = imaging.exports as Imaging;
  }

  /** @throws DeviceError when the package is not built. */
  static async create(platform: Pick<Platform, 'readAsset'>): Promise<JpegDecoder> {
    const bytes = await platform.readAsset('imaging.wasm');
    return new JpegDecoder((await WebAssembly.instantiate(bytes as Uint8Array<ArrayBuffer>)).instance);
  }

  /** @throws FormatError when the file is no JPEG, is damaged before its data, or is of a kind that is not decoded. */
  header(bytes: Uint8Array): JpegHeader {
    if (bytes.length > 0x7fffffff) throw new FormatError(`JPEG of ${bytes.length} bytes: 2^31 − 1 at most`, 'split it');
    const at = this.#imaging.allocateInput(bytes.length) >>> 0;
    if (at === 0) throw new FormatError(`JPEG of ${bytes.length} bytes does not fit in memory`, 'leave it out');
    new Uint8Array(this.#imaging.memory.buffer, at, bytes.length).set(bytes);
    this.#check(this.#imaging.readHeader(at, bytes.length));
    const frame = new Int32Array(this.#imaging.memory.buffer, this.#imaging.frameRecord() >>> 0, 16);
    return {
      width: frame[frameWords.width],
      height: frame[frameWords.height],
      components: frame[frameWords.components],
      orientation: frame[frameWords.orientation],
    };
  }

  /**
   * @returns gray pictures as RGB, too. `data` is a view of the decoder's memory, valid until its next call.
   * @throws FormatError as `header` does, when the data is damaged or ends early, when there are more than `maxPixels`,
   *   and when the region does not lie in the picture. No memory is taken for pixels before all that is known.
   */
  decode(bytes: Uint8Array, { region, maxPixels = defaultMaxPixels }: DecodeOptions = {}): RgbImage {
    const header = this.header(bytes);
    if (header.width * header.height > maxPixels) {
      throw new FormatError(
        `JPEG of ${header.width}x${header.height} pixels: at most ${maxPixels} are allowed`,
        'raise maxPixels if the file is to be trusted',
      );
    }
    const { x, y, width, height } = region ?? { x: 0, y: 0, width: header.width, height: header.height };
    const whole = [x, y, width, height].every(Number.isInteger);
    if (!whole || x < 0 || y < 0 || width < 1 || height < 1 || x + width > header.width || y + height > header.height) {
      throw new FormatError(
        `region ${width}x${height} at (${x}, ${y}) of a JPEG of ${header.width}x${header.height} pixels`,
        'it must lie in the picture, on whole pixels, and not be empty',
      );
    }
    this.#check(this.#imaging.decodeRegion(x, y, width, height));
    const { buffer } = this.#imaging.memory;
    const frame = new Uint32Array(buffer, this.#imaging.frameRecord() >>> 0, 16);
    const data = new Uint8Array(buffer, frame[frameWords.output], width * height * 3);
    return { width, height, channels: 3, data };
  }

  #check(code: number): void {
    if (code === 0) return;
    const [, got, needed] = new Int32Array(this.#imaging.memory.buffer, this.#imaging.problemRecord() >>> 0, 3);
    const [message, hint] = explainJpegProblem(code, got, needed);
    throw new FormatError(`JPEG: ${message}`, hint);
  }
}
