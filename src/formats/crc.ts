/** A cyclic redundancy check of 32 bits over bytes whose lowest bit comes first, as a table of one step a byte. */
function makeCrc(reversedPolynomial: number): (bytes: Uint8Array) => number {
  const table = Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? reversedPolynomial : 0);
    return value;
  });
  return (bytes) => {
    let value = 0xffffffff;
    for (const byte of bytes) value = (value >>> 8) ^ table[(value ^ byte) & 255];
    return (value ^ 0xffffffff) >>> 0;
  };
}

/** The check of PNG and zlib's relatives. */
export const crc32 = makeCrc(0xedb88320);

/** Castagnoli's, the check of TFRecord. */
export const crc32c = makeCrc(0x82f63b78);
