import type { RgbPixels } from '../formats/png.js';

/** Pixels from one character to the next, and from one line to the next. */
export const CHARACTER = { width: 6, height: 9 } as const;

/**
 * Characters 32 to 126, 5 pixels wide and 7 high: a digit of base 32 for each row from the top, its highest bit on the
 * left.
 */
const glyphs = [
  '0000000 4444404 aa00000 aavavaa 4fke5u4 pq248bj ciiclid 4400000 2488842 8422248 0level0 044v440',
  '0000cc4 000v000 00000cc 122488g ehjlphe 4c4444e eh168gv u11e11u 26aiv22 vgu11he egguhhe v122444',
  'ehhehhe ehhf11e 0cc0cc0 0cc0c48 248g842 00v0v00 g84248g eh16404 ehnlnge ehhvhhh uhhuhhu ehggghe',
  'uhhhhhu vgguggv vgguggg ehgnhhe hhhvhhh e44444e 72222ic hikokih ggggggv hrllhhh hppljjh ehhhhhe',
  'uhhuggg ehhhlid uhhukih fgge11u v444444 hhhhhhe hhhhaa4 hhhllrh hha4ahh hha4444 v1248gv e88888e',
  'g884221 e22222e 4ah0000 000000v 8400000 00e1fhf ggmphhu 00eggge 11djhhf 00ehvge 68u8888 00fhf1e',
  'ggmphhh 40c444e 20622ic ggikoki c444446 00qlllh 00mphhh 00ehhhe 00uhugg 00fhf11 00mpggg 00fge1u',
  '88u8896 00hhhjd 00hhha4 00hhlla 00ha4ah 00hhf1e 00v248v 688g886 4444444 c22122c 009li00',
].flatMap((line) => line.split(' '));

/** A box, for what has no glyph. */
const unknown = 'vhhhhhv';

/** Letters without their accents; what is still foreign becomes a box. */
function glyphsOf(text: string): string[] {
  const plain = text.normalize('NFD').replace(/\p{M}/gu, '');
  return [...plain].map((character) => glyphs[character.codePointAt(0)! - 32] ?? unknown);
}

/** Characters of a text as it is drawn. */
export function textLength(text: string): number {
  return glyphsOf(text).length;
}

/** Draws one line into the picture, its top left corner at (x, y); what lies outside is cut off. */
export function drawText(
  picture: RgbPixels,
  text: string,
  { x, y, colour }: { x: number; y: number; colour: readonly [red: number, green: number, blue: number] },
): void {
  glyphsOf(text).forEach((glyph, i) => {
    for (let row = 0; row < 7; row++) {
      const bits = Number.parseInt(glyph[row], 32);
      for (let column = 0; column < 5; column++) {
        const [px, py] = [x + i * CHARACTER.width + column, y + row];
        const inside = px >= 0 && py >= 0 && px < picture.width && py < picture.height;
        if (inside && bits & (16 >> column)) picture.data.set(colour, (py * picture.width + px) * 3);
      }
    }
  });
}
