import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Region } from '../../data/images/image.js';

/** A decoder of others. It may return a promise. */
export type DecodePeer = (file: Uint8Array) => unknown;

interface Turbo {
  readonly FORMAT_RGB: number;
  decompressSync(file: Uint8Array, options: { format: number; out: Uint8Array }): unknown;
}
interface Jsquash {
  default(file: ArrayBuffer): Promise<unknown>;
  init(module: WebAssembly.Module): Promise<void>;
}
interface JpegJs {
  decode(file: Uint8Array, options: { useTArray: boolean; formatAsRGBA: boolean }): unknown;
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
) => Promise<unknown>;

export interface DataPeers {
  /** By name and version. */
  readonly decoders: ReadonlyMap<string, DecodePeer>;
  /** Native libjpeg-turbo, which decodes into `output`. */
  readonly turbo?: { readonly name: string; readonly decode: DecodePeer; readonly output: Uint8Array };
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
      const decode: DecodePeer = (file) => turbo.decompressSync(file, { format: turbo.FORMAT_RGB, out: output });
      opened.turbo = { name, decode, output };
      decoders.set(name, decode);
    },
    async jsquash(name, id) {
      const path = require.resolve(`${id}/decode.js`);
      const { default: decode, init } = (await import(pathToFileURL(path).href)) as Jsquash;
      // What its decoder needs of a page.
      Object.assign(globalThis, { ImageData: class {} });
      await init(await WebAssembly.compile(await readFile(join(dirname(path), 'codec/dec/mozjpeg_dec.wasm'))));
      decoders.set(name, (file) => decode(new Uint8Array(file).buffer));
    },
    async 'jpeg-js'(name, id) {
      const jpeg = require(id) as JpegJs;
      decoders.set(name, (file) => jpeg.decode(file, { useTArray: true, formatAsRGBA: false }));
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
