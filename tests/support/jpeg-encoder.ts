import { standardTables } from './jpeg-tables.js';

/** What to encode. Planes are given by a function, so that any sampling can be written without resampling. */
export interface JpegRecipe {
  readonly width: number;
  readonly height: number;
  /** (h, v) of each component: one or three. */
  readonly sampling: readonly (readonly [number, number])[];
  /** Sample of component c, 0 to 255. */
  readonly sample: (c: number, x: number, y: number) => number;
  /** Step of every quantiser, times its place in the spectrum. */
  readonly step: number;
  /** MCUs between restart markers, 0 for none. */
  readonly restartInterval?: number;
  /** Components of each scan; one scan of all of them by default. */
  readonly scans?: readonly (readonly number[])[];
  /** 16-bit quantisation tables, which make it extended sequential (SOF1). */
  readonly wideTables?: boolean;
  readonly componentIds?: readonly number[];
  /** Segments after SOI: JFIF and the like, markers included. */
  readonly segments?: readonly (readonly number[])[];
  readonly frameMarker?: number;
}

export const jfif = [0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0];
export const adobe = (transform: number) => [
  0xff,
  0xee,
  0,
  14,
  0x41,
  0x64,
  0x6f,
  0x62,
  0x65,
  0,
  100,
  0,
  0,
  0,
  0,
  transform,
];

// biome-ignore format: the zigzag path
export const zigzag = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55,
  62, 63,
];

/** DCT basis in twelfths of bits: integers, so that streams are the same on every machine. */
const basis = Array.from({ length: 8 }, (_, u) =>
  Array.from({ length: 8 }, (_, x) =>
    Math.round(4096 * (u === 0 ? Math.SQRT1_2 : 1) * 0.5 * Math.cos(((2 * x + 1) * u * Math.PI) / 16)),
  ),
);

function forwardDct(samples: readonly number[]): number[] {
  const columns = new Array<number>(64).fill(0);
  for (let v = 0; v < 8; v++)
    for (let x = 0; x < 8; x++) for (let y = 0; y < 8; y++) columns[v * 8 + x] += basis[v][y] * samples[y * 8 + x];
  const out = new Array<number>(64).fill(0);
  for (let v = 0; v < 8; v++)
    for (let u = 0; u < 8; u++) for (let x = 0; x < 8; x++) out[v * 8 + u] += basis[u][x] * columns[v * 8 + x];
  return out.map((value) => value / 4096 / 4096);
}

interface Code {
  readonly code: number;
  readonly length: number;
}

function codesOf({ counts, symbols }: { counts: readonly number[]; symbols: readonly number[] }): Map<number, Code> {
  const codes = new Map<number, Code>();
  let code = 0;
  let next = 0;
  counts.forEach((count, i) => {
    for (let k = 0; k < count; k++) codes.set(symbols[next++], { code: code++, length: i + 1 });
    code *= 2;
  });
  return codes;
}

class BitWriter {
  readonly bytes: number[] = [];
  #bits = 0;
  #count = 0;

  write(value: number, length: number): void {
    for (let i = length - 1; i >= 0; i--) {
      this.#bits = (this.#bits << 1) | ((value >> i) & 1);
      if (++this.#count === 8) {
        this.bytes.push(this.#bits);
        if (this.#bits === 0xff) this.bytes.push(0);
        this.#bits = this.#count = 0;
      }
    }
  }

  /** Fills the last byte with ones. */
  flush(): void {
    while (this.#count > 0) this.write(1, 1);
  }
}

const sizeOf = (value: number) => 32 - Math.clz32(Math.abs(value));
const big16 = (value: number) => [value >> 8, value & 255];
const segment = (marker: number, body: readonly number[]) => [0xff, marker, ...big16(body.length + 2), ...body];

/** Two sets of tables: luma's for component 0, chroma's for the others. */
const dc = [standardTables.lumaDc, standardTables.chromaDc];
const ac = [standardTables.lumaAc, standardTables.chromaAc];

/** Encodes a baseline or extended sequential JPEG. A test's encoder: simple, slow, and without the library's code. */
export function encodeJpeg(recipe: JpegRecipe): Uint8Array {
  const { width, height, sampling, sample, restartInterval = 0, wideTables = false } = recipe;
  const hMax = Math.max(...sampling.map(([h]) => h));
  const vMax = Math.max(...sampling.map(([, v]) => v));
  const ids = recipe.componentIds ?? sampling.map((_, c) => c + 1);
  const quant = zigzag.map((place) => {
    const step = Math.round(recipe.step * (1 + (place >> 3) + (place & 7)));
    return Math.min(wideTables ? 65535 : 255, Math.max(1, step));
  });
  const naturalQuant = new Array<number>(64);
  for (const [k, place] of zigzag.entries()) naturalQuant[place] = quant[k];

  const out = [0xff, 0xd8, ...(recipe.segments ?? [jfif]).flat()];
  out.push(...segment(0xdb, wideTables ? [0x10, ...quant.flatMap(big16)] : [0, ...quant]));
  const frame = sampling.flatMap(([h, v], c) => [ids[c], (h << 4) | v, 0]);
  const frameMarker = recipe.frameMarker ?? (wideTables ? 0xc1 : 0xc0);
  out.push(...segment(frameMarker, [8, ...big16(height), ...big16(width), sampling.length, ...frame]));
  for (let i = 0; i < (sampling.length > 1 ? 2 : 1); i++) {
    out.push(...segment(0xc4, [i, ...dc[i].counts, ...dc[i].symbols]));
    out.push(...segment(0xc4, [0x10 | i, ...ac[i].counts, ...ac[i].symbols]));
  }
  if (restartInterval > 0) out.push(...segment(0xdd, big16(restartInterval)));

  const codes = { dc: dc.map(codesOf), ac: ac.map(codesOf) };
  for (const scan of recipe.scans ?? [sampling.map((_, c) => c)]) {
    const tables = scan.flatMap((c) => [ids[c], c === 0 ? 0 : 0x11]);
    out.push(...segment(0xda, [scan.length, ...tables, 0, 63, 0]));
    const writer = new BitWriter();
    const predicted = sampling.map(() => 0);

    const writeBlock = (c: number, column: number, row: number) => {
      const samples = Array.from({ length: 64 }, (_, i) => sample(c, column * 8 + (i & 7), row * 8 + (i >> 3)) - 128);
      const spectrum = forwardDct(samples).map((value, i) =>
        Math.max(-1023, Math.min(1023, Math.round(value / naturalQuant[i]))),
      );
      const table = c === 0 ? 0 : 1;
      const put = (map: Map<number, Code>, symbol: number, value: number, size: number) => {
        const { code, length } = map.get(symbol)!;
        writer.write(code, length);
        writer.write(value < 0 ? value + (1 << size) - 1 : value, size);
      };
      const difference = spectrum[0] - predicted[c];
      predicted[c] = spectrum[0];
      put(codes.dc[table], sizeOf(difference), difference, sizeOf(difference));
      let run = 0;
      for (let k = 1; k < 64; k++) {
        const value = spectrum[zigzag[k]];
        if (value === 0) {
          run++;
          continue;
        }
        for (; run > 15; run -= 16) put(codes.ac[table], 0xf0, 0, 0);
        put(codes.ac[table], (run << 4) | sizeOf(value), value, sizeOf(value));
        run = 0;
      }
      if (run > 0) put(codes.ac[table], 0, 0, 0);
    };

    const single = scan.length === 1;
    const [h0, v0] = sampling[scan[0]];
    const across = single ? (8 * hMax) / h0 : 8 * hMax;
    const down = single ? (8 * vMax) / v0 : 8 * vMax;
    const columns = Math.ceil(width / across);
    const rows = Math.ceil(height / down);
    for (let mcu = 0; mcu < columns * rows; mcu++) {
      if (restartInterval > 0 && mcu > 0 && mcu % restartInterval === 0) {
        writer.flush();
        writer.bytes.push(0xff, 0xd0 | ((mcu / restartInterval - 1) & 7));
        predicted.fill(0);
      }
      const column = mcu % columns;
      const row = Math.floor(mcu / columns);
      for (const c of scan) {
        const [h, v] = single ? [1, 1] : sampling[c];
        for (let y = 0; y < v; y++) for (let x = 0; x < h; x++) writeBlock(c, column * h + x, row * v + y);
      }
    }
    writer.flush();
    for (const byte of writer.bytes) out.push(byte);
  }
  out.push(0xff, 0xd9);
  return Uint8Array.from(out);
}
