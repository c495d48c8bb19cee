const powers = ['', 'k', 'm', 'g', 't'];

/** `512MB`, `1.5 GiB`, `65536`: what `parseBytes` reads. */
export const BYTES_PATTERN = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*$/i;

/** Bytes in a text such as `512MB` (steps of 1000) or `1.5GiB` (steps of 1024); undefined when it is none. */
export function parseBytes(text: string): number | undefined {
  const match = BYTES_PATTERN.exec(text);
  if (!match) return undefined;
  const [, number, letter, binary] = match;
  return Math.floor(Number(number) * (binary ? 1024 : 1000) ** powers.indexOf(letter.toLowerCase()));
}
