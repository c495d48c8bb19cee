import { DeviceError, ShapeError } from '../../utils/errors.js';
import type { RgbImage } from '../images/image.js';
import type { Interpolation, Resize } from './resize.js';

/** Exports of `assembly/imaging/index.ts`. */
interface Imaging extends WebAssembly.Exports {
  readonly memory: WebAssembly.Memory;
  allocateInput(bytes: number): number;
  resize(
    source: number,
    width: number,
    height: number,
    outWidth: number,
    outHeight: number,
    bicubic: boolean | number,
  ): number;
}

/**
 * `resize` in SIMD wasm: the same bytes, faster. It serves one thread, and the pixels that it returns lie in the
 * instance's memory until its next call. What a decoder in the same instance has just decoded is not copied.
 * @param instance of `imaging.wasm`
 */
export function wasmResize(instance: WebAssembly.Instance): Resize {
  const imaging = instance.exports as Imaging;
  const place = ({ data }: RgbImage): number => {
    if (data.buffer === imaging.memory.buffer) return data.byteOffset;
    const start = imaging.allocateInput(data.length) >>> 0;
    if (start !== 0) new Uint8Array(imaging.memory.buffer, start, data.length).set(data);
    return start;
  };
  return (image: RgbImage, height: number, width: number, interpolation: Interpolation = 'bilinear'): RgbImage => {
    if (!Number.isInteger(height) || !Number.isInteger(width) || height < 1 || width < 1) {
      throw new ShapeError(`resize to ${height}x${width}`, 'use whole numbers from 1');
    }
    const source = place(image);
    const bicubic = interpolation === 'bicubic';
    const result = source && imaging.resize(source, image.width, image.height, width, height, bicubic) >>> 0;
    if (result !== 0) {
      return { width, height, channels: 3, data: new Uint8Array(imaging.memory.buffer, result, height * width * 3) };
    }
    throw new DeviceError(
      `resize ${image.height}x${image.width} to ${height}x${width}: no memory`,
      'use a smaller size',
    );
  };
}
