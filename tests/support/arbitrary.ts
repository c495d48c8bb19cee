import fc from 'fast-check';

/** Channel counts that vector kernels get wrong first. */
export const channels = fc.constantFrom(1, 2, 3, 4, 5, 8, 12, 17);

/** Any rank from `least` to `most`, at most about 10^4 elements. */
export const shapes = (least: number, most: number): fc.Arbitrary<number[]> =>
  fc
    .integer({ min: least, max: most })
    .chain((rank) =>
      fc.array(fc.integer({ min: 1, max: rank > 4 ? 4 : rank > 2 ? 7 : 40 }), { minLength: rank, maxLength: rank }),
    );

/** [N,C,H,W] of a feature map. */
export const images = (side = 9): fc.Arbitrary<[number, number, number, number]> =>
  fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    channels,
    fc.integer({ min: 1, max: side }),
    fc.integer({ min: 1, max: side }),
  );
