import type { Device } from '../../devices/device.js';
import type { Platform } from '../../platform/platform.js';
import { ConfigError } from '../../utils/errors.js';
import type { DataPeerName } from './data-peers.js';
import { folderPhotos, generatedPhotos } from './data-photos.js';
import { benchPixels } from './data-pixels.js';
import { benchLoader, benchTraining } from './data-training.js';
import type { BenchRow } from './row.js';

export interface DataBenchOptions {
  readonly platform: Platform;
  /** Folder of photos; without it, photos are made. */
  readonly data?: string;
  /** For rows: the device that trains. */
  readonly device: string;
  openDevice(): Promise<Device>;
  readonly rounds: number;
  readonly peers: readonly DataPeerName[];
  /** Where peers are installed. */
  readonly peersFolder: string;
  /** Whether a case is to be run. */
  wanted(name: string): boolean;
  progress(line: string): void;
  note(line: string): void;
}

/** Photos of a case on one thread, and of one of training. */
const FEW = 150;
const EPOCH = 256;

/** The suite `data`: decoding, training crops, resizing, the loader, and training beside synthetic batches. */
export async function benchData(options: DataBenchOptions): Promise<BenchRow[]> {
  const { platform, data } = options;
  const imaging = await WebAssembly.compile((await platform.readAsset('imaging.wasm')) as BufferSource);
  const few = data
    ? [await folderPhotos(platform.files, data, FEW)]
    : [await generatedPhotos(160, FEW), await generatedPhotos(500, FEW / 3)];
  const many = data ? await folderPhotos(platform.files, data, EPOCH) : await generatedPhotos(160, EPOCH);
  let run = 0;
  const counted = { ...options, imaging, wanted: (name: string) => options.wanted(name) && ++run > 0 };
  const rows: BenchRow[] = [];
  for (const photos of few) rows.push(...(await benchPixels(photos, counted)));
  rows.push(...(await benchLoader(many, counted)));
  rows.push(...(await benchTraining(many, counted)));
  if (run > 0) return rows;
  throw new ConfigError(
    '--filter matches no case of the suite data',
    'names start with decode, training, resize, loader',
  );
}
