import type { ImageDecoder } from '../../data/images/decoder.js';
import type { Region, RgbImage } from '../../data/images/image.js';
import { type ImageTools, imageTools } from '../../data/images/tools.js';
import { prepareImage, type TrainTransform } from '../../data/transforms/augment.js';
import { defaultCrop } from '../../data/transforms/random-resized-crop.js';
import type { Interpolation } from '../../data/transforms/resize.js';
import { FormatError } from '../../utils/errors.js';
import {
  agreeing,
  type Contender,
  cpuMilliseconds,
  type DataCase,
  imageRows,
  inTurn,
  type Pixels,
} from './data-measure.js';
import { type DataPeerName, type DataPeers, openDataPeers } from './data-peers.js';
import { once, type PhotoSet, type Photos } from './data-photos.js';

const SIDE = 96;
const MINIMUM = 100;
/** Decoders round their cosine transforms as they like, and antialiasing filters are not all the same. */
const MOST_DIFFERENCE = 4;
const transform: TrainTransform = { kind: 'train', crop: defaultCrop, interpolation: 'bilinear', flip: 0, seed: 0 };
const request = (index: number) => ({ height: SIDE, width: SIDE, epoch: 0, index, position: index });

export interface PixelOptions {
  readonly imaging: WebAssembly.Module;
  readonly rounds: number;
  readonly peers: readonly DataPeerName[];
  readonly peersFolder: string;
  note(line: string): void;
}

/** What the cases of one set of photos share. */
interface Setting {
  readonly tools: ImageTools;
  readonly files: readonly Uint8Array[];
  readonly pictures: readonly RgbImage[];
  readonly peers: DataPeers;
}

/** Decoding, training crops and resizing on one thread, in CPU time, beside the peers that do the same. */
export function pixelCases({ name, load }: PhotoSet, options: PixelOptions): DataCase[] {
  const setUp = once(() => load().then((photos) => settingOf(photos, options)));
  const one = (title: string, contenders: (setting: Setting) => Contender[]): DataCase => ({
    name: `${title} ${name}`,
    async run() {
      const setting = await setUp();
      const all = await agreeing(contenders(setting), MOST_DIFFERENCE, (line) => options.note(`${this.name}: ${line}`));
      const samples = await inTurn(all, { rounds: options.rounds, minimum: MINIMUM, clock: cpuMilliseconds });
      const where = { device: 'wasm', adapter: 'wasm SIMD, 1 thread', metric: 'CPU time' };
      return imageRows({ suite: 'data', case: this.name, ...where }, setting.files.length, all, samples);
    },
  });
  return [
    one('decode', decoding),
    one(`training crops to ${SIDE}`, cropping),
    one(`resize to ${SIDE}, bilinear,`, (setting) => resizing(setting, 'bilinear', 'linear')),
    one(`resize to ${SIDE}, bicubic,`, (setting) => resizing(setting, 'bicubic', 'cubic')),
  ];
}

async function settingOf(photos: Photos, { imaging, peers, peersFolder, note }: PixelOptions): Promise<Setting> {
  const tools = await imageTools(imaging);
  const files = await readable(photos, tools, note);
  const pictures = files.map((file) => copyOf(tools.decoder.decode(file)));
  const largest = Math.max(...pictures.map(({ data }) => data.length));
  return { tools, files, pictures, peers: await openDataPeers(peers, peersFolder, largest, note) };
}

function decoding({ tools, files, peers }: Setting): Contender[] {
  const others = [...peers.decoders].map(([name, { decode, channels }]) =>
    each(name, files, decode, ({ data, width, height }) => ({ data, pixels: width * height, channels })),
  );
  return [each('cvnets', files, (file) => tools.decoder.decode(file), pixelsOf), ...others];
}

/** Ours decodes the crop only; native code decodes the whole photo, cuts the same crop out and resizes it. */
function cropping({ tools, files, pictures, peers: { turbo, sharp } }: Setting): Contender[] {
  const output = new Uint8Array(SIDE * SIDE * 3);
  const prepare = (file: Uint8Array, i: number, decoder = tools.decoder) =>
    prepareImage(decoder, file, request(i), transform, tools.resize, output);
  const ours = each('cvnets', files, (file, i) => prepare(file, i), pixelsOf);
  if (!turbo || !sharp) return [ours];
  const regions = files.map((file, i) => regionOf(tools.decoder, (decoder) => prepare(file, i, decoder)));
  const crop = async (file: Uint8Array, i: number) => {
    await turbo.decode(file);
    const { data, ...size } = pictures[i];
    const pixels = turbo.output.subarray(0, data.length);
    return sharp.resize(pixels, size, { side: SIDE, kernel: 'linear', region: regions[i] });
  };
  return [ours, each(`${turbo.name}, ${sharp.name}`, files, crop, squareOf)];
}

function resizing(
  { tools, pictures, peers: { sharp } }: Setting,
  interpolation: Interpolation,
  kernel: 'linear' | 'cubic',
): Contender[] {
  const ours = each('cvnets', pictures, (image) => tools.resize(image, SIDE, SIDE, interpolation), pixelsOf);
  if (!sharp) return [ours];
  const resize = (image: RgbImage) => sharp.resize(image.data, image, { side: SIDE, kernel });
  return [ours, each(sharp.name, pictures, resize, squareOf)];
}

const pixelsOf = ({ data, width, height }: RgbImage): Pixels => ({ data, pixels: width * height, channels: 3 });
const squareOf = (data: Uint8Array): Pixels => ({ data, pixels: SIDE * SIDE, channels: 3 });

/** A contender that does the same with every photo. */
function each<T, R>(
  name: string,
  items: readonly T[],
  task: (item: T, i: number) => R | Promise<R>,
  pixels: (result: R) => Pixels,
): Contender {
  return {
    name,
    async pass() {
      for (const [i, item] of items.entries()) {
        const result = task(item, i);
        if (result instanceof Promise) await result;
      }
    },
    sample: async () => pixels(await task(items[0], 0)),
  };
}

async function readable({ files, dataset }: Photos, { decoder }: ImageTools, note: (line: string) => void) {
  const found: Uint8Array[] = [];
  for (const path of dataset.paths) {
    const file = await files.read(path);
    try {
      decoder.decode(file);
      found.push(file);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      note(`${path} is left out: ${error.message.split('\n')[0]}`);
    }
  }
  if (found.length === 0) throw new FormatError(`${dataset.name}: no photo can be read`, 'name another folder');
  return found;
}

const copyOf = (image: RgbImage): RgbImage => ({ ...image, data: image.data.slice() });

/** The part of a photo that `use` decodes. */
function regionOf(decoder: ImageDecoder, use: (decoder: ImageDecoder) => void): Region | undefined {
  let region: Region | undefined;
  use({
    header: (file) => decoder.header(file),
    decode(file, options) {
      region = options?.region;
      return decoder.decode(file, options);
    },
  });
  return region;
}
