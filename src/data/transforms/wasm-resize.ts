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
 * `resize` in SIMD wasm: the same bytes, faster. It has memory of its own and serves one thread.
 * @param module `imaging.wasm`
 */
export async function wasmResize(module: WebAssembly.Module): Promise<Resize> {
  const imaging = (await WebAssembly.instantiate(module)).exports as Imaging;
  return (image: RgbImage, height: number, width: number, interpolation: Interpolation = 'bilinear'): RgbImage => {
    if (!Number.isInteger(height) || !Number.isInteger(width) || height < 1 || width < 1) {
      throw new ShapeError(`resize to ${height}x${width}`, 'use whole numbers from 1');
    }
    const source = imaging.allocateInput(image.data.length) >>> 0;
    if (source !== 0) {
      new Uint8Array(imaging.memory.buffer, source, image.data.length).set(image.data);
      const bicubic = interpolation === 'bicubic';
      const result = imaging.resize(source, image.width, image.height, width, height, bicubic) >>> 0;
      if (result !== 0) {
        const data = new Uint8Array(imaging.memory.buffer, result, height * width * 3).slice();
        return { width, height, channels: 3, data };
      }
    }
    throw new DeviceError(
      `resize ${image.height}x${image.width} to ${height}x${width}: no memory`,
      'use a smaller size',
    );
  };
}
