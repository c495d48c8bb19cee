import { describe, expect, test } from 'vitest';
import { CHARACTER, drawText, textLength } from '../../src/train/font.js';
import { drawGrid } from '../../src/train/grid.js';

const INK = [0, 0, 0] as const;
const page = (width: number, height: number) => ({ width, height, data: new Uint8Array(width * height * 3).fill(255) });

/** Ink as `#`, a line a row. */
const show = ({ width, height, data }: ReturnType<typeof page>) =>
  Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => (data[(y * width + x) * 3] === 0 ? '#' : '.')).join(''),
  );

describe('font', () => {
  test('a word', () => {
    const picture = page(17, 7);
    drawText(picture, 'R2z', { x: 0, y: 0, colour: INK });
    expect(show(picture)).toEqual([
      '####...###.......',
      '#...#.#...#......',
      '#...#.....#.#####',
      '####....##.....#.',
      '#.#....#......#..',
      '#..#..#......#...',
      '#...#.#####.#####',
    ]);
  });

  test('every printable character differs from the others and has ink, but for the space', () => {
    const drawn = Array.from({ length: 95 }, (_, i) => {
      const picture = page(CHARACTER.width, CHARACTER.height);
      drawText(picture, String.fromCharCode(32 + i), { x: 0, y: 0, colour: INK });
      return show(picture).join('\n');
    });
    expect(new Set(drawn).size).toBe(95);
    expect(drawn.filter((text) => !text.includes('#'))).toHaveLength(1);
  });

  test('accents are dropped, other scripts are boxes, what lies outside is cut off', () => {
    const draw = (text: string, x = 0) => {
      const picture = page(12, 7);
      drawText(picture, text, { x, y: -1, colour: INK });
      return show(picture);
    };
    expect(draw('é')).toEqual(draw('e'));
    expect(draw('猫')).toEqual(draw('\u0000'));
    expect(draw('abc', -3)).toHaveLength(7);
    expect(textLength('né猫')).toBe(3);
  });
});

describe('grid', () => {
  const tile = (channels: number, value: number, lines: string[] = []) => ({
    height: 2,
    width: 3,
    channels,
    pixels: new Uint8Array(6 * channels).fill(value),
    lines,
  });

  test('small pictures are enlarged by a whole factor', () => {
    const { width, height, data } = drawGrid([tile(1, 7), tile(3, 9)]);
    expect([width, height]).toEqual([2 * 90 + 6, 56 + 12 + 6]);
    const at = (x: number, y: number) => [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
    expect([at(5, 6), at(6, 6), at(6 + 83, 6 + 55), at(6 + 84, 6)]).toEqual([
      [255, 255, 255],
      [7, 7, 7],
      [7, 7, 7],
      [255, 255, 255],
    ]);
    expect(at(6 + 90, 6)).toEqual([9, 9, 9]);
  });

  test('long names stay in their cell', () => {
    const { width, height, data } = drawGrid([tile(1, 255, ['a very long name of a class', 'b'])]);
    expect([width, height]).toEqual([96, 56 + 18 + 12 + 6]);
    const column = Array.from({ length: height }, (_, y) => data[(y * width + 91) * 3]);
    expect(new Set(column)).toEqual(new Set([255]));
  });

  test('none at all is a white cell', () => {
    expect(new Set(drawGrid([]).data)).toEqual(new Set([255]));
  });
});
