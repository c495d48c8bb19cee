/**
 * A JPEG decoder written from T.81 and from the arithmetic that libjpeg documents for its accurate integer DCT, fancy
 * upsampling and colour conversion: bit by bit, sample by sample, with none of the library's code. For valid streams.
 */
interface Component {
  id: number;
  h: number;
  v: number;
  quant: number;
  dc: number;
  ac: number;
  width: number;
  height: number;
  stride: number;
  samples: Uint8Array;
}

type Table = Map<string, number>;

const order: number[] = [];
for (let diagonal = 0; diagonal < 15; diagonal++) {
  const places = [];
  for (let y = 0; y < 8; y++) {
    const x = diagonal - y;
    if (x >= 0 && x < 8) places.push(y * 8 + x);
  }
  order.push(...(diagonal % 2 === 0 ? places.reverse() : places));
}

class Bits {
  #at: number;
  #bit = 0;

  constructor(
    readonly bytes: Uint8Array,
    at: number,
  ) {
    this.#at = at;
  }

  next(): number {
    const byte = this.bytes[this.#at];
    const value = (byte >> (7 - this.#bit)) & 1;
    if (++this.#bit === 8) this.#skipByte();
    return value;
  }

  read(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 2 + this.next();
    return value;
  }

  /** A value of `size` bits: below half its range it is negative. */
  signed(size: number): number {
    const value = this.read(size);
    return size > 0 && value < 2 ** (size - 1) ? value - 2 ** size + 1 : value;
  }

  symbol(table: Table): number {
    for (let code = ''; ; ) {
      code += this.next();
      const symbol = table.get(code);
      if (symbol !== undefined) return symbol;
    }
  }

  /** Leaves the rest of the byte and steps over a restart marker, if there is one. */
  restart(): void {
    if (this.#bit > 0) this.#skipByte();
    this.#at += 2;
  }

  #skipByte(): void {
    this.#at += this.bytes[this.#at] === 0xff && this.bytes[this.#at + 1] === 0 ? 2 : 1;
    this.#bit = 0;
  }
}

/** One dimension of the inverse DCT: integers with 13 fractional bits in the constants, before any rounding. */
function idct1d(x: readonly number[]): number[] {
  const z1 = (x[2] + x[6]) * 4433;
  const inner = z1 - x[6] * 15137;
  const outer = z1 + x[2] * 6270;
  const even = [
    (x[0] + x[4]) * 8192 + outer,
    (x[0] - x[4]) * 8192 + inner,
    (x[0] - x[4]) * 8192 - inner,
    (x[0] + x[4]) * 8192 - outer,
  ];
  const z5 = (x[7] + x[3] + x[5] + x[1]) * 9633;
  const z3 = z5 - (x[7] + x[3]) * 16069;
  const z4 = z5 - (x[5] + x[1]) * 3196;
  const a = (x[7] + x[1]) * -7373;
  const b = (x[5] + x[3]) * -20995;
  const odd = [x[1] * 12299 + a + z4, x[3] * 25172 + b + z3, x[5] * 16819 + b + z4, x[7] * 2446 + a + z3];
  return [0, 1, 2, 3, 4, 5, 6, 7].map((i) => (i < 4 ? even[i] + odd[i] : even[7 - i] - odd[7 - i]));
}

const roundShift = (value: number, bits: number) => Math.floor((value + 2 ** (bits - 1)) / 2 ** bits);
const clamp = (value: number) => Math.max(0, Math.min(255, value));

function inverseDct(block: readonly number[]): number[] {
  const rows = new Array<number>(64);
  for (let x = 0; x < 8; x++) {
    const column = idct1d([0, 1, 2, 3, 4, 5, 6, 7].map((y) => block[y * 8 + x]));
    for (let y = 0; y < 8; y++) rows[y * 8 + x] = roundShift(column[y], 11);
  }
  const samples = new Array<number>(64);
  for (let y = 0; y < 8; y++) {
    const row = idct1d(rows.slice(y * 8, y * 8 + 8));
    for (let x = 0; x < 8; x++) samples[y * 8 + x] = clamp(roundShift(row[x], 18) + 128);
  }
  return samples;
}

/** The component's value at pixel (x, y) of the image. */
function upsampled(c: Component, hMax: number, vMax: number, x: number, y: number): number {
  const at = (i: number, j: number) => {
    const column = Math.max(0, Math.min(c.width - 1, i));
    const row = Math.max(0, Math.min(c.height - 1, j));
    return c.samples[row * c.stride + column];
  };
  const [h, v] = [hMax / c.h, vMax / c.v];
  const [i, j] = [Math.floor(x / h), Math.floor(y / v)];
  const beside = i + (x % 2 === 0 ? -1 : 1);
  const above = j + (y % 2 === 0 ? -1 : 1);
  if (h === 1 && v === 2) return (3 * at(i, j) + at(i, above) + (y % 2 === 0 ? 1 : 2)) >> 2;
  if (h === 2 && v === 1 && c.width > 2) return (3 * at(i, j) + at(beside, j) + (x % 2 === 0 ? 1 : 2)) >> 2;
  if (h === 2 && v === 2 && c.width > 2) {
    const near = 3 * at(i, j) + at(i, above);
    const side = Math.max(0, Math.min(c.width - 1, beside));
    const far = 3 * at(side, j) + at(side, above);
    return (3 * near + far + (x % 2 === 0 ? 8 : 7)) >> 4;
  }
  return at(i, j);
}

/** RGB, [height, width, 3]. */
export function decodeJpegReference(bytes: Uint8Array): { width: number; height: number; data: Uint8Array } {
  const big16 = (at: number) => bytes[at] * 256 + bytes[at + 1];
  const quants: number[][] = [];
  const tables = new Map<number, Table>();
  const components: Component[] = [];
  let [width, height, hMax, vMax, interval, adobe] = [0, 0, 1, 1, 0, -1];
  let jfif = false;

  for (let at = 2; bytes[at + 1] !== 0xd9; ) {
    const marker = bytes[at + 1];
    const end = at + 2 + big16(at + 2);
    let body = at + 4;
    if (marker === 0xdb) {
      while (body < end) {
        const wide = bytes[body] >> 4;
        const table = new Array<number>(64);
        for (let k = 0; k < 64; k++) table[order[k]] = wide ? big16(body + 1 + 2 * k) : bytes[body + 1 + k];
        quants[bytes[body] & 15] = table;
        body += 65 + 64 * wide;
      }
    } else if (marker === 0xc4) {
      while (body < end) {
        const table: Table = new Map();
        let symbol = body + 17;
        let code = 0;
        for (let length = 1; length <= 16; length++, code *= 2) {
          for (let k = 0; k < bytes[body + length]; k++) {
            table.set((code++).toString(2).padStart(length, '0'), bytes[symbol++]);
          }
        }
        tables.set(bytes[body], table);
        body = symbol;
      }
    } else if (marker === 0xdd) interval = big16(body);
    else if (marker === 0xe0) jfif = true;
    else if (marker === 0xee) adobe = bytes[body + 11];
    else if (marker === 0xc0 || marker === 0xc1) {
      [height, width] = [big16(body + 1), big16(body + 3)];
      for (let c = body + 6; c < end; c += 3) {
        const [h, v] = [bytes[c + 1] >> 4, bytes[c + 1] & 15];
        [hMax, vMax] = [Math.max(hMax, h), Math.max(vMax, v)];
        const sizes = { width: 0, height: 0, stride: 0, samples: new Uint8Array(0) };
        components.push({ id: bytes[c], h, v, quant: bytes[c + 2], dc: 0, ac: 0, ...sizes });
      }
      // A lone component is its own measure.
      for (const c of components) {
        c.width = Math.ceil((width * c.h) / hMax);
        c.height = Math.ceil((height * c.v) / vMax);
        c.stride = Math.ceil(width / (8 * hMax)) * 8 * c.h;
        c.samples = new Uint8Array(c.stride * Math.ceil(height / (8 * vMax)) * 8 * c.v);
      }
    } else if (marker === 0xda) {
      const scan = Array.from({ length: bytes[body] }, (_, i) => {
        const c = components.find(({ id }) => id === bytes[body + 1 + 2 * i])!;
        [c.dc, c.ac] = [bytes[body + 2 + 2 * i] >> 4, bytes[body + 2 + 2 * i] & 15];
        return c;
      });
      decodeScan(scan, new Bits(bytes, end));
      at = end;
      while (bytes[at] !== 0xff || bytes[at + 1] === 0 || (bytes[at + 1] >= 0xd0 && bytes[at + 1] <= 0xd7)) at++;
      continue;
    }
    at = end;
  }

  function decodeScan(scan: readonly Component[], bits: Bits): void {
    const [only] = scan;
    const single = scan.length === 1;
    const columns = single ? Math.ceil(only.width / 8) : Math.ceil(width / (8 * hMax));
    const rows = single ? Math.ceil(only.height / 8) : Math.ceil(height / (8 * vMax));
    let predicted = scan.map(() => 0);
    for (let mcu = 0; mcu < columns * rows; mcu++) {
      if (interval > 0 && mcu > 0 && mcu % interval === 0) {
        bits.restart();
        predicted = scan.map(() => 0);
      }
      for (const [n, c] of scan.entries()) {
        const [wide, high] = single ? [1, 1] : [c.h, c.v];
        for (let i = 0; i < wide * high; i++) {
          const block = new Array<number>(64).fill(0);
          predicted[n] += bits.signed(bits.symbol(tables.get(c.dc)!));
          block[0] = predicted[n] * quants[c.quant][0];
          for (let k = 1; k < 64; k++) {
            const symbol = bits.symbol(tables.get(0x10 | c.ac)!);
            if (symbol === 0) break;
            k += symbol >> 4;
            block[order[k]] = bits.signed(symbol & 15) * quants[c.quant][order[k]];
          }
          const column = (mcu % columns) * wide + (i % wide);
          const row = Math.floor(mcu / columns) * high + Math.floor(i / wide);
          const samples = inverseDct(block);
          for (let k = 0; k < 64; k++) c.samples[(row * 8 + (k >> 3)) * c.stride + column * 8 + (k & 7)] = samples[k];
        }
      }
    }
  }

  const named = components.map(({ id }) => String.fromCharCode(id)).join('') === 'RGB';
  const rgb = components.length === 3 && !jfif && (adobe === 0 || (adobe < 0 && named));
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 3) {
      const values = components.map((c) => upsampled(c, hMax, vMax, x, y));
      if (values.length === 1) data.fill(values[0], to, to + 3);
      else if (rgb) data.set(values, to);
      else {
        const [luma, cb, cr] = [values[0], values[1] - 128, values[2] - 128];
        data[to] = clamp(luma + roundShift(91881 * cr, 16));
        data[to + 1] = clamp(luma + roundShift(-22554 * cb - 46802 * cr, 16));
        data[to + 2] = clamp(luma + roundShift(116130 * cb, 16));
      }
    }
  }
  return { width, height, data };
}
