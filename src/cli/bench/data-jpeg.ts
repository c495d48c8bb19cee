import type { RgbImage } from '../../data/images/image.js';

// ITU-T T.81: quantisation tables K.1 and K.2 in natural order, Huffman tables K.3 to K.6, zigzag order of figure 5.

// biome-ignore format: a table of 8x8
const lumaSteps = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87,
  80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92,
  95, 98, 112, 100, 103, 99,
];
// biome-ignore format: a table of 8x8, of which all but the first four rows and columns are 99
const chromaSteps = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]
  .flatMap((row) => [...row, 99, 99, 99, 99]).concat(new Array(32).fill(99));

// biome-ignore format: the zigzag path
const zigzag = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55,
  62, 63,
];

const bytes = (hex: string) =>
  Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));

/** Counts of codes of 1 to 16 bits, then the symbols in the order of their codes. */
const huffman = {
  lumaDc: bytes('00010501010101010100000000000000000102030405060708090a0b'),
  chromaDc: bytes('00030101010101010101010000000000000102030405060708090a0b'),
  lumaAc: bytes(
    '0002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c11552d1f024336272' +
      '82090a161718191a25262728292a3435363738393a434445464748494a535455565758595a636465666768696a73747576777879' +
      '7a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8' +
      'd9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa',
  ),
  chromaAc: bytes(
    '00020102040403040705040400010277000102031104052131061241510761711322328108144291a1b1c109233352f0156272d1' +
      '0a162434e125f11718191a262728292a35363738393a434445464748494a535455565758595a636465666768696a737475767778' +
      '797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6' +
      'd7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa',
  ),
};

interface Codes {
  readonly code: Uint16Array;
  readonly length: Uint8Array;
}

function codesOf(table: readonly number[]): Codes {
  const codes = { code: new Uint16Array(256), length: new Uint8Array(256) };
  let code = 0;
  let next = 16;
  for (let length = 1; length <= 16; length++, code <<= 1) {
    for (let k = 0; k < table[length - 1]; k++) {
      codes.code[table[next]] = code++;
      codes.length[table[next++]] = length;
    }
  }
  return codes;
}

class BitWriter {
  readonly bytes: number[] = [];
  #bits = 0;
  #count = 0;

  write(value: number, length: number): void {
    this.#bits = (this.#bits << length) | (value & ((1 << length) - 1));
    this.#count += length;
    for (; this.#count >= 8; this.#count -= 8) {
      const byte = (this.#bits >> (this.#count - 8)) & 255;
      this.bytes.push(byte);
      if (byte === 0xff) this.bytes.push(0);
    }
  }

  flush(): void {
    this.write(0x7f, 7);
  }
}

const basis = Float32Array.from({ length: 64 }, (_, i) => {
  const [u, x] = [i >> 3, i & 7];
  return (u === 0 ? Math.SQRT1_2 : 1) * 0.5 * Math.cos(((2 * x + 1) * u * Math.PI) / 16);
});

/** The spectrum of 8x8 samples, in place. */
function transform(block: Float32Array, rows: Float32Array): void {
  for (let y = 0; y < 8; y++) {
    for (let u = 0; u < 8; u++) {
      let sum = 0;
      for (let x = 0; x < 8; x++) sum += basis[u * 8 + x] * block[y * 8 + x];
      rows[y * 8 + u] = sum;
    }
  }
  for (let v = 0; v < 8; v++) {
    for (let u = 0; u < 8; u++) {
      let sum = 0;
      for (let y = 0; y < 8; y++) sum += basis[v * 8 + y] * rows[y * 8 + u];
      block[v * 8 + u] = sum;
    }
  }
}

interface Plane {
  readonly width: number;
  readonly height: number;
  readonly samples: Float32Array;
}

/** Y at full size, Cb and Cr halved both ways, samples around 0 (JFIF's equations). */
function planesOf({ width, height, data }: RgbImage): readonly Plane[] {
  const plane = (scale: number, red: number, green: number, blue: number): Plane => {
    const [w, h] = [Math.ceil(width / scale), Math.ceil(height / scale)];
    const samples = new Float32Array(w * h);
    // At an odd edge, the last row or column counts twice.
    for (let y = 0; y < h * scale; y++) {
      for (let x = 0; x < w * scale; x++) {
        const p = 3 * (Math.min(y, height - 1) * width + Math.min(x, width - 1));
        const value = red * data[p] + green * data[p + 1] + blue * data[p + 2];
        samples[Math.floor(y / scale) * w + Math.floor(x / scale)] += value / (scale * scale);
      }
    }
    return { width: w, height: h, samples };
  };
  const luma = plane(1, 0.299, 0.587, 0.114);
  for (let i = 0; i < luma.samples.length; i++) luma.samples[i] -= 128;
  return [luma, plane(2, -0.168736, -0.331264, 0.5), plane(2, 0.5, -0.418688, -0.081312)];
}

const sizeOf = (value: number) => 32 - Math.clz32(Math.abs(value));
const big16 = (value: number) => [value >> 8, value & 255];
const segment = (marker: number, body: readonly number[]) => [0xff, marker, ...big16(body.length + 2), ...body];

/** Encodes a photo as cameras do: baseline, 4:2:0, the usual tables. @param quality 1 to 100, as libjpeg counts it */
export function encodeJpeg(image: RgbImage, quality: number): Uint8Array {
  const { width, height } = image;
  const scale = quality < 50 ? 50 / quality : 2 - quality / 50;
  const steps = [lumaSteps, chromaSteps].map((table) =>
    table.map((step) => Math.min(255, Math.max(1, Math.floor(step * scale + 0.5)))),
  );
  const head = [0xff, 0xd8, ...segment(0xe0, [0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0])];
  for (const [i, table] of steps.entries()) head.push(...segment(0xdb, [i, ...zigzag.map((place) => table[place])]));
  head.push(...segment(0xc0, [8, ...big16(height), ...big16(width), 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]));
  const tables = [huffman.lumaDc, huffman.lumaAc, huffman.chromaDc, huffman.chromaAc];
  for (const [i, id] of [0, 0x10, 1, 0x11].entries()) head.push(...segment(0xc4, [id, ...tables[i]]));
  head.push(...segment(0xda, [3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0]));

  const codes = tables.map(codesOf);
  const writer = new BitWriter();
  const put = ({ code, length }: Codes, symbol: number, value: number, size: number) => {
    writer.write(code[symbol], length[symbol]);
    writer.write(value < 0 ? value - 1 : value, size);
  };
  const block = new Float32Array(64);
  const rows = new Float32Array(64);
  const before = [0, 0, 0];
  const planes = planesOf(image);
  const writeBlock = (c: number, left: number, top: number) => {
    const plane = planes[c];
    for (let i = 0; i < 64; i++) {
      const x = Math.min(plane.width - 1, left + (i & 7));
      const y = Math.min(plane.height - 1, top + (i >> 3));
      block[i] = plane.samples[y * plane.width + x];
    }
    transform(block, rows);
    const [dc, ac, table] = c === 0 ? [codes[0], codes[1], steps[0]] : [codes[2], codes[3], steps[1]];
    const mean = Math.round(block[0] / table[0]);
    put(dc, sizeOf(mean - before[c]), mean - before[c], sizeOf(mean - before[c]));
    before[c] = mean;
    let run = 0;
    for (let k = 1; k < 64; k++) {
      const value = Math.round(block[zigzag[k]] / table[zigzag[k]]);
      if (value === 0) {
        run++;
        continue;
      }
      for (; run > 15; run -= 16) put(ac, 0xf0, 0, 0);
      put(ac, (run << 4) | sizeOf(value), value, sizeOf(value));
      run = 0;
    }
    if (run > 0) put(ac, 0, 0, 0);
  };
  for (let y = 0; y < height; y += 16) {
    for (let x = 0; x < width; x += 16) {
      for (const [dx, dy] of [
        [0, 0],
        [8, 0],
        [0, 8],
        [8, 8],
      ]) {
        writeBlock(0, x + dx, y + dy);
      }
      writeBlock(1, x / 2, y / 2);
      writeBlock(2, x / 2, y / 2);
    }
  }
  writer.flush();
  return Uint8Array.from([...head, ...writer.bytes, 0xff, 0xd9]);
}
