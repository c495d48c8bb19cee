import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Region } from '../../data/images/image.js';

interface Decoded {
  readonly width: number;
  readonly height: number;
  /** The pixels come first; what follows is not of this picture. */
  readonly data: ArrayLike<number>;
}

/** A decoder of others. */
export interface DecodePeer {
  decode(file: Uint8Array): Decoded | Promise<Decoded>;
  /** 3 or 4 bytes a pixel. */
  readonly channels: number;
}

interface Turbo {
  readonly FORMAT_RGB: number;
  decompressSync(file: Uint8Array, output: Uint8Array, options: { format: number }): Decoded;
}
interface Jsquash {
  default(file: ArrayBuffer): Promise<Decoded>;
  init(module: WebAssembly.Module): Promise<void>;
}
interface JpegJs {
  decode(file: Uint8Array, options: { useTArray: boolean; formatAsRGBA: boolean }): Decoded;
}

/** What `@jsquash/jpeg` needs of a page. */
class PagePixels implements Decoded {
  constructor(
    readonly data: ArrayLike<number>,
    readonly width: number,
    readonly height: number,
  ) {}
}

interface SharpPipeline {
  extract(box: { left: number; top: number; width: number; height: number }): SharpPipeline;
  resize(width: number, height: number, options: { fit: 'fill'; kernel: 'linear' | 'cubic' }): SharpPipeline;
  raw(): SharpPipeline;
  toBuffer(): Promise<Uint8Array>;
}
interface Sharp {
  (pixels: Uint8Array, options: { raw: { width: number; height: number; channels: 3 } }): SharpPipeline;
  concurrency(threads: number): void;
  cache(on: boolean): void;
}

/** Resizes pixels, or a part of them. */
export type ResizePeer = (
  pixels: Uint8Array,
  size: { readonly width: number; readonly height: number },
  output: { readonly side: number; readonly kernel: 'linear' | 'cubic'; readonly region?: Region },
) => Promise<Uint8Array>;

export interface DataPeers {
  /** By name and version. */
  readonly decoders: ReadonlyMap<string, DecodePeer>;
  /** Native libjpeg-turbo, which decodes into `output`. */
  readonly turbo?: { readonly name: string; decode(file: Uint8Array): unknown; readonly output: Uint8Array };
  readonly sharp?: { readonly name: string; readonly resize: ResizePeer };
}

/** Names of `--peers` that this suite knows, and the packages behind them. */
export const dataPeerPackages = {
  'jpeg-turbo': '@julusian/jpeg-turbo',
  jsquash: '@jsquash/jpeg',
  'jpeg-js': 'jpeg-js',
  sharp: 'sharp',
} as const;

export type DataPeerName = keyof typeof dataPeerPackages;

/**
 * Opens the peers that are installed in `folder`; `note` hears of those that are not, by name.
 * @param bytes of the largest picture, as RGB
 */
export async function openDataPeers(
  names: readonly DataPeerName[],
  folder: string,
  bytes: number,
  note: (line: string) => void,
): Promise<DataPeers> {
  const require = createRequire(join(folder, 'package.json'));
  const decoders = new Map<string, DecodePeer>();
  const opened: { -readonly [K in keyof DataPeers]: DataPeers[K] } = { decoders };
  const openers: Record<DataPeerName, (name: string, id: string) => Promise<void>> = {
    async 'jpeg-turbo'(name, id) {
      const turbo = require(id) as Turbo;
      const output = Buffer.alloc(bytes);
      const decode = (file: Uint8Array) => turbo.decompressSync(file, output, { format: turbo.FORMAT_RGB });
      opened.turbo = { name, decode, output };
      decoders.set(name, { decode, channels: 3 });
    },
    async jsquash(name, id) {
      const path = require.resolve(`${id}/decode.js`);
      const { default: decode, init } = (await import(pathToFileURL(path).href)) as Jsquash;
      Object.assign(globalThis, { ImageData: PagePixels });
      await init(await WebAssembly.compile(await readFile(join(dirname(path), 'codec/dec/mozjpeg_dec.wasm'))));
      decoders.set(name, { decode: (file) => decode(new Uint8Array(file).buffer), channels: 4 });
    },
    async 'jpeg-js'(name, id) {
      const jpeg = require(id) as JpegJs;
      const decode = (file: Uint8Array) => jpeg.decode(file, { useTArray: true, formatAsRGBA: false });
      decoders.set(name, { decode, channels: 3 });
    },
    async sharp(name, id) {
      const sharp = require(id) as Sharp;
      sharp.concurrency(1);
      sharp.cache(false);
      opened.sharp = {
        name,
        resize(pixels, { width, height }, { side, kernel, region }) {
          const image = sharp(pixels, { raw: { width, height, channels: 3 } });
          const part = region ? image.extract({ ...region, left: region.x, top: region.y }) : image;
          return part.resize(side, side, { fit: 'fill', kernel }).raw().toBuffer();
        },
      };
    },
  };
  for (const name of names) {
    const id = dataPeerPackages[name];
    const manifest = join(folder, 'node_modules', id, 'package.json');
    if (!existsSync(manifest)) {
      note(`${name} is not installed (${id}): npm ci --ignore-scripts --prefix ${folder}`);
      continue;
    }
    try {
      const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
      await openers[name](`${id} ${version}`, id);
    } catch (error) {
      note(`${name} does not open: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
    }
  }
  return opened;
}
