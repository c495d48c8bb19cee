import { deflateRawSync } from 'node:zlib';
import { crc32 } from '../../src/formats/crc.js';

export interface ZipPart {
  readonly name: string;
  readonly content: Uint8Array;
  /** Claims that differ from the truth. */
  readonly lie?: {
    readonly size?: number;
    readonly packed?: number;
    readonly crc?: number;
    readonly method?: number;
    readonly flags?: number;
    readonly at?: number;
  };
  readonly deflate?: boolean;
}

/** A zip archive for tests; with lies, a damaged or hostile one. */
export function writeZip(parts: readonly ZipPart[], end: { count?: number; start?: number } = {}): Uint8Array {
  const chunks: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, content, lie = {}, deflate = false } of parts) {
    const data = deflate ? deflateRawSync(content) : Buffer.from(content);
    const text = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(lie.flags ?? 0, 2);
    common.writeUInt16LE(lie.method ?? (deflate ? 8 : 0), 4);
    common.writeUInt32LE(lie.crc ?? crc32(content), 10);
    common.writeUInt32LE(lie.packed ?? data.length, 14);
    common.writeUInt32LE(lie.size ?? content.length, 18);
    common.writeUInt16LE(text.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, text, data]);
    const central = Buffer.alloc(14);
    central.writeUInt32LE(lie.at ?? at, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), common, central, text]));
    chunks.push(local);
    at += local.length;
  }
  const central = Buffer.concat(directory);
  const tail = Buffer.alloc(22);
  tail.write('PK\x05\x06', 'latin1');
  tail.writeUInt16LE(end.count ?? parts.length, 8);
  tail.writeUInt16LE(end.count ?? parts.length, 10);
  tail.writeUInt32LE(central.length, 12);
  tail.writeUInt32LE(end.start ?? at, 16);
  return new Uint8Array(Buffer.concat([...chunks, central, tail]));
}
