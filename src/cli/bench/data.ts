import type { Device } from '../../devices/device.js';
import type { Platform } from '../../platform/platform.js';
import { chooseCases } from './choose.js';
import type { DataCase } from './data-measure.js';
import type { DataPeerName } from './data-peers.js';
import { folderSet, generatedSet } from './data-photos.js';
import { pixelCases } from './data-pixels.js';
import { loaderCases, trainingCases } from './data-training.js';
import type { BenchRow } from './row.js';

export interface DataBenchOptions {
  readonly platform: Platform;
  /** Folder of photos; without it, photos are made. */
  readonly data?: string;
  /** For rows: the device that trains. */
  readonly device: string;
  openDevice(): Promise<Device>;
  readonly rounds: number;
  readonly filter?: string;
  readonly peers: readonly DataPeerName[];
  /** Where peers are installed. */
  readonly peersFolder: string;
  /** Hears of cases as they begin, and of what is left out. */
  progress(line: string): void;
  note(line: string): void;
}

/** Photos that one thread reads, and those of an epoch of training. */
const FEW = 150;
const EPOCH = 256;

/** The suite `data`: decoding, training crops, resizing, the loader, and training beside synthetic batches. */
export async function benchData(options: DataBenchOptions): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const one of chooseCases(await dataCases(options), options.filter)) {
    options.progress(one.name);
    rows.push(...(await one.run()));
  }
  return rows;
}

async function dataCases(options: DataBenchOptions): Promise<DataCase[]> {
  const { platform, data } = options;
  const imaging = await WebAssembly.compile((await platform.readAsset('imaging.wasm')) as BufferSource);
  const noted = new Set<string>();
  const note = (line: string) => {
    if (!noted.has(line)) options.note(line);
    noted.add(line);
  };
  const few = data ? [folderSet(platform.files, data, FEW)] : [generatedSet(160, FEW), generatedSet(500, FEW / 3)];
  const many = data ? folderSet(platform.files, data, EPOCH) : generatedSet(160, EPOCH);
  return [
    ...few.flatMap((photos) => pixelCases(photos, { ...options, imaging, note })),
    ...loaderCases(many, options),
    ...trainingCases(many, options),
  ];
}
