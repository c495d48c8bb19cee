import type { ImageDecoder } from '../../data/images/decoder.js';
import type { Region, RgbImage } from '../../data/images/image.js';
import { type ImageTools, imageTools } from '../../data/images/tools.js';
import { prepareImage, type TrainTransform } from '../../data/transforms/augment.js';
import { defaultCrop } from '../../data/transforms/random-resized-crop.js';
import { FormatError } from '../../utils/errors.js';
import { type Contender, cpuMilliseconds, imageRows, inTurn } from './data-measure.js';
import { type DataPeerName, openDataPeers } from './data-peers.js';
import type { BenchPhotos } from './data-photos.js';
import type { BenchRow } from './row.js';

const SIDE = 96;
const MINIMUM = 100;
const transform: TrainTransform = { kind: 'train', crop: defaultCrop, interpolation: 'bilinear', flip: 0.5, seed: 0 };
const request = (index: number) => ({ height: SIDE, width: SIDE, epoch: 0, index, position: index });

export interface PixelOptions {
  readonly imaging: WebAssembly.Module;
  readonly rounds: number;
  readonly peers: readonly DataPeerName[];
  readonly peersFolder: string;
  wanted(name: string): boolean;
  progress(line: string): void;
  note(line: string): void;
}

/** Decoding, training crops and resizing on one thread, in CPU time, beside the peers that do the same. */
export async function benchPixels(photos: BenchPhotos, options: PixelOptions): Promise<BenchRow[]> {
  const { rounds, note } = options;
  const tools = await imageTools(options.imaging);
  const files = await readable(photos, tools, note);
  const pictures = files.map((file) => copyOf(tools.decoder.decode(file)));
  const largest = Math.max(...pictures.map(({ data }) => data.length));
  const peers = await openDataPeers(options.peers, options.peersFolder, largest, note);
  const rows: BenchRow[] = [];
  const compare = async (name: string, ours: Contender, others: readonly Contender[]) => {
    const full = `${name} ${photos.name}`;
    if (!options.wanted(full)) return;
    options.progress(full);
    const contenders = [ours, ...others];
    const timings = await inTurn(contenders, { rounds, minimum: MINIMUM, clock: cpuMilliseconds });
    const base = { suite: 'data', case: full, device: 'wasm', adapter: 'wasm SIMD, 1 thread', metric: 'CPU time' };
    rows.push(...imageRows(base, files.length, contenders, timings));
  };
  const decoders = [...peers.decoders].map(([name, decode]) => each(name, files, decode));
  await compare(
    'decode',
    each('cvnets', files, (file) => tools.decoder.decode(file)),
    decoders,
  );

  const { turbo, sharp } = peers;
  const output = new Uint8Array(SIDE * SIDE * 3);
  const prepare = (file: Uint8Array, i: number, decoder = tools.decoder) =>
    prepareImage(decoder, file, request(i), transform, tools.resize, output);
  const native: Contender[] = [];
  if (turbo && sharp) {
    const regions = files.map((file, i) => regionOf(tools.decoder, (decoder) => prepare(file, i, decoder)));
    const crop = async (file: Uint8Array, i: number) => {
      await turbo.decode(file);
      const { data, ...size } = pictures[i];
      const pixels = turbo.output.subarray(0, data.length);
      await sharp.resize(pixels, size, { side: SIDE, kernel: 'linear', region: regions[i] });
    };
    native.push(each(`${turbo.name}, ${sharp.name}`, files, crop));
  }
  await compare(
    `training crops to ${SIDE}`,
    each('cvnets', files, (file, i) => prepare(file, i)),
    native,
  );

  for (const [interpolation, kernel] of [
    ['bilinear', 'linear'],
    ['bicubic', 'cubic'],
  ] as const) {
    const resize = each('cvnets', pictures, (image) => tools.resize(image, SIDE, SIDE, interpolation));
    const other = (image: RgbImage) => sharp?.resize(image.data, image, { side: SIDE, kernel });
    await compare(`resize to ${SIDE}, ${interpolation},`, resize, sharp ? [each(sharp.name, pictures, other)] : []);
  }
  return rows;
}

/** A contender that does the same with every photo. */
function each<T>(name: string, items: readonly T[], task: (item: T, i: number) => unknown): Contender {
  return {
    name,
    async pass() {
      for (const [i, item] of items.entries()) {
        const result = task(item, i);
        if (result instanceof Promise) await result;
      }
    },
  };
}

async function readable({ files, dataset }: BenchPhotos, { decoder }: ImageTools, note: (line: string) => void) {
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
