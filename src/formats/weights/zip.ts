import { FormatError } from '../../utils/errors.js';
import { crc32 } from '../crc.js';

/** One file of an archive. */
export interface ZipEntry {
  readonly name: string;
  /** Bytes when unpacked, as the archive claims; `unzip` holds it to that. */
  readonly size: number;
  readonly packed: Uint8Array;
  readonly deflated: boolean;
  readonly crc: number;
}

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const MAX_COMMENT = 0xffff;
const ENCRYPTED = 1;
const ZIP64 = 0xffffffff;

/** What an archive may unpack to: 64 MiB, or more when it is no more than 100 times its size. */
const FREE_BYTES = 64 * 2 ** 20;
const MAX_RATIO = 100;

const DAMAGED = 'the archive is damaged or not made for this; get it again';

/**
 * The files of a zip archive by name (PKWARE APPNOTE 6.3), nothing unpacked yet. Entries are stored or deflated.
 * Throws FormatError for what is damaged, encrypted, overlapping, named twice, or unpacks to far more than its size.
 */
export function readZip(file: Uint8Array, path: string): ReadonlyMap<string, ZipEntry> {
  const fail: (what: string) => never = (what) => {
    throw new FormatError(`${path}: ${what}`, DAMAGED);
  };
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const end = findEnd(view);
  if (end === undefined) return fail('the zip archive has no end: it was cut off');
  const count = view.getUint16(end + 10, true);
  const start = view.getUint32(end + 16, true);
  if (count === 0xffff || start === ZIP64) fail('is a zip64 archive of 4 GB or more, which is not read');
  if (start + count * CENTRAL_BYTES > end) fail(`${count} entries do not fit between byte ${start} and ${end}`);

  const entries = new Map<string, ZipEntry>();
  const ranges: { readonly name: string; readonly begin: number; readonly end: number }[] = [];
  let unpacked = 0;
  for (let at = start, i = 0; i < count; i++) {
    if (at + CENTRAL_BYTES > end || view.getUint32(at, true) !== CENTRAL) fail(`entry ${i} is no directory entry`);
    const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
    const [crc, packedBytes, size] = [16, 20, 24].map((offset) => view.getUint32(at + offset, true));
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const local = view.getUint32(at + 42, true);
    const next = at + CENTRAL_BYTES + nameBytes + extraBytes + commentBytes;
    if (next > end) fail(`entry ${i} runs over the end of the directory`);
    const name = new TextDecoder().decode(file.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameBytes));
    if (entries.has(name)) fail(`two entries are named ${name}`);
    if (flags & ENCRYPTED) fail(`${name} is encrypted`);
    if (method !== 0 && method !== 8) fail(`${name} is packed by method ${method}; stored and deflated are read`);
    if ([packedBytes, size, local].includes(ZIP64)) fail(`${name} is a zip64 entry of 4 GB or more, which is not read`);
    if (method === 0 && packedBytes !== size) fail(`${name} is stored, but has ${packedBytes} of ${size} bytes`);
    if (local + LOCAL_BYTES > start || view.getUint32(local, true) !== LOCAL) fail(`${name} is not at byte ${local}`);
    const data = local + LOCAL_BYTES + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    if (data + packedBytes > start) fail(`${name} runs over the end of the data`);
    ranges.push({ name, begin: local, end: data + packedBytes });
    unpacked += size;
    entries.set(name, { name, size, packed: file.subarray(data, data + packedBytes), deflated: method === 8, crc });
    at = next;
  }
  if (unpacked > FREE_BYTES && unpacked > MAX_RATIO * file.length) {
    fail(`${file.length} bytes would unpack to ${unpacked}: it is a zip bomb`);
  }
  ranges.sort((a, b) => a.begin - b.begin);
  ranges.forEach(({ name, begin }, i) => {
    if (i > 0 && begin < ranges[i - 1].end) fail(`${name} overlaps ${ranges[i - 1].name}: it is a zip bomb`);
  });
  return entries;
}

/** The last place where an end-of-directory record and its comment fill the rest of the file. */
function findEnd(view: DataView): number | undefined {
  const first = Math.max(0, view.byteLength - END_BYTES - MAX_COMMENT);
  for (let at = view.byteLength - END_BYTES; at >= first; at--) {
    if (view.getUint32(at, true) === END && at + END_BYTES + view.getUint16(at + 20, true) === view.byteLength)
      return at;
  }
  return undefined;
}

/** The content of an entry. Throws FormatError as soon as it is longer than claimed, and when its check is wrong. */
export async function unzip({ name, size, packed, deflated, crc }: ZipEntry, path: string): Promise<Uint8Array> {
  const content = deflated ? await inflate(packed, size, `${path}: ${name}`) : packed;
  if (crc32(content) !== crc) throw new FormatError(`${path}: the checksum of ${name} is wrong`, DAMAGED);
  return content;
}

async function inflate(packed: Uint8Array, size: number, label: string): Promise<Uint8Array> {
  const reader = new Blob([packed as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new DecompressionStream('deflate-raw'))
    .getReader();
  const content = new Uint8Array(size);
  let length = 0;
  try {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      if (length + chunk.value.length > size) {
        throw new FormatError(
          `${label} unpacks to more than the ${size} bytes that it claims: it is a zip bomb`,
          DAMAGED,
        );
      }
      content.set(chunk.value, length);
      length += chunk.value.length;
    }
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(`${label} cannot be unpacked`, DAMAGED);
  } finally {
    await reader.cancel().catch(() => {});
  }
  if (length !== size) throw new FormatError(`${label} unpacks to ${length} of ${size} bytes`, DAMAGED);
  return content;
}
