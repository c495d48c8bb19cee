import { ShapeError } from '../utils/errors.js';
import { crc32 } from './crc.js';

/** Rows from the top, three bytes a pixel. */
export interface RgbPixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const RGB = 2;
/** Each byte is stored as its difference to the pixel on its left. */
const SUB_FILTER = 1;

/**
 * A PNG of 8-bit RGB. It is packed by the host's own zlib, so pages need no library for it.
 * Throws ShapeError when the pixels are not width x height x 3 bytes.
 */
export async function encodePng({ width, height, data }: RgbPixels): Promise<Uint8Array> {
  if (width < 1 || height < 1 || data.length !== width * height * 3) {
    throw new ShapeError(`PNG of ${width}x${height} from ${data.length} bytes`, 'give width x height x 3 bytes');
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, RGB, 0, 0, 0], 8);
  const chunks = [
    Uint8Array.from(SIGNATURE),
    chunk('IHDR', header),
    chunk('IDAT', await deflate(filterRows(data, width * 3))),
    chunk('IEND', new Uint8Array(0)),
  ];
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

function filterRows(data: Uint8Array, rowBytes: number): Uint8Array<ArrayBuffer> {
  const rows = data.length / rowBytes;
  const filtered = new Uint8Array(rows * (rowBytes + 1));
  for (let y = 0; y < rows; y++) {
    const from = y * rowBytes;
    const to = y * (rowBytes + 1);
    filtered[to] = SUB_FILTER;
    for (let i = 0; i < rowBytes; i++) filtered[to + 1 + i] = data[from + i] - (i < 3 ? 0 : data[from + i - 3]);
  }
  return filtered;
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** Length, kind, content, and the check of kind and content. */
function chunk(kind: string, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + content.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  bytes.set(new TextEncoder().encode(kind), 4);
  bytes.set(content, 8);
  view.setUint32(8 + content.length, crc32(bytes.subarray(4, 8 + content.length)));
  return bytes;
}
