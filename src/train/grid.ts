import type { RgbPixels } from '../formats/png.js';
import { CHARACTER, drawText, textLength } from './font.js';

/** One picture of a grid. */
export interface Tile {
  readonly height: number;
  readonly width: number;
  /** 1 (gray) or 3. */
  readonly channels: number;
  /** [height, width, channels]. */
  readonly pixels: Uint8Array;
  /** Lines below it. */
  readonly lines: readonly string[];
}

const SMALLEST_TILE = 84;
const GAP = 6;
const BACKGROUND = 255;
const INK = [34, 34, 34] as const;

/**
 * Pictures in rows with text below them. Small ones are enlarged by a whole factor, so that pixels stay square; text
 * that is too wide ends in `..`. An empty list gives one white cell.
 */
export function drawGrid(tiles: readonly Tile[], columns = 8): RgbPixels {
  const widest = Math.max(1, ...tiles.map(({ width }) => width));
  const highest = Math.max(1, ...tiles.map(({ height }) => height));
  const factor = Math.max(1, Math.ceil(SMALLEST_TILE / Math.max(widest, highest)));
  const lines = Math.max(0, ...tiles.map((tile) => tile.lines.length));
  const across = Math.max(1, Math.min(columns, tiles.length));
  const cell = {
    width: Math.max(widest * factor, SMALLEST_TILE) + GAP,
    height: highest * factor + lines * CHARACTER.height + 2 * GAP,
  };
  const width = across * cell.width + GAP;
  const height = Math.max(1, Math.ceil(tiles.length / across)) * cell.height + GAP;
  const picture = { width, height, data: new Uint8Array(width * height * 3).fill(BACKGROUND) };
  tiles.forEach((tile, i) => {
    const x = GAP + (i % across) * cell.width;
    const y = GAP + Math.floor(i / across) * cell.height;
    drawTile(picture, tile, x, y, factor);
    tile.lines.forEach((line, k) => {
      const top = y + highest * factor + 4 + k * CHARACTER.height;
      drawText(picture, cutOff(line, Math.floor((cell.width - GAP + 1) / CHARACTER.width)), { x, y: top, colour: INK });
    });
  });
  return picture;
}

function drawTile(picture: RgbPixels, tile: Tile, left: number, top: number, factor: number): void {
  const { height, width, channels, pixels } = tile;
  for (let y = 0; y < height * factor; y++) {
    for (let x = 0; x < width * factor; x++) {
      const from = (Math.floor(y / factor) * width + Math.floor(x / factor)) * channels;
      const to = ((top + y) * picture.width + left + x) * 3;
      for (let c = 0; c < 3; c++) picture.data[to + c] = pixels[from + (channels === 3 ? c : 0)];
    }
  }
}

function cutOff(text: string, characters: number): string {
  if (textLength(text) <= characters) return text;
  return `${[...text.normalize('NFC')].slice(0, characters - 2).join('')}..`;
}
