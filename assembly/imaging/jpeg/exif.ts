/** Orientation (tag 0x0112) of the first directory of an EXIF segment, 1 to 8; 1 when it has none or is damaged. */
export function exifOrientation(start: usize, length: i32): i32 {
  const TIFF = 6;
  if (length < TIFF + 8 || load<u32>(start) != 0x66697845 || load<u16>(start, 4) != 0) return 1; // "Exif", 0, 0
  const tiff = start + TIFF;
  const bytes = <u32>(length - TIFF);
  const order = load<u16>(tiff);
  if (order != 0x4949 && order != 0x4d4d) return 1; // "II" little-endian, "MM" big-endian
  const big = order == 0x4d4d;

  const directory = read32(tiff + 4, big);
  if (directory < 8 || directory > bytes - 2) return 1;
  const entries = read16(tiff + directory, big);
  for (let i: u32 = 0; i < entries; i++) {
    const at = directory + 2 + i * 12;
    if (at + 12 > bytes) return 1;
    if (read16(tiff + at, big) != 0x0112) continue;
    const orientation = read16(tiff + at + 8, big);
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  return 1;
}

function read16(at: usize, big: bool): u32 {
  const value = load<u16>(at);
  return big ? bswap(value) : value;
}

function read32(at: usize, big: bool): u32 {
  const value = load<u32>(at);
  return big ? bswap(value) : value;
}
