import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { flipHorizontal } from '../../src/data/transforms/geometry.js';
import { type Interpolation, type Resize, resize, resizeTaps } from '../../src/data/transforms/resize.js';
import { wasmResize } from '../../src/data/transforms/wasm-resize.js';
import { nodePlatform } from '../../src/platform/node.js';
import golden from '../fixtures/resize.json' with { type: 'json' };
import { noiseImage } from '../support/noise-image.js';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const imaging = await WebAssembly.instantiate(
  (await nodePlatform.readAsset('imaging.wasm')) as Uint8Array<ArrayBuffer>,
);
const fast = wasmResize(imaging.instance);
const implementations: readonly (readonly [string, Resize])[] = [
  ['TypeScript', resize],
  ['wasm', fast],
];

test.each(implementations)(`%s: ${golden.resize.length} images equal Pillow's, byte for byte`, (_, resize) => {
  golden.resize.forEach((record, seed) => {
    const [width, height] = record.input;
    const [outWidth, outHeight] = record.output;
    const { data } = resize(
      noiseImage(seed, width, height),
      outHeight,
      outWidth,
      record.interpolation as Interpolation,
    );
    const name = `${record.interpolation} ${record.input} to ${record.output}`;
    if ('bytes' in record) expect(Buffer.from(data).toString('hex'), name).toBe(record.bytes);
    expect(sha256(data), name).toBe(record.sha256);
  });
});

test("mirrored images equal Pillow's", () => {
  golden.flip.forEach(({ input: [width, height], sha256: expected }, seed) => {
    expect(sha256(flipHorizontal(noiseImage(seed, width, height)).data)).toBe(expected);
  });
});

const side = fc.integer({ min: 1, max: 200 });
const interpolation = fc.constantFrom<Interpolation>('bilinear', 'bicubic');

test('weights of an output add up to 1 and stay inside the input', () => {
  fc.assert(
    fc.property(side, side, interpolation, (input, output, name) => {
      const { first, count, weights, stride } = resizeTaps(input, output, name);
      for (let i = 0; i < output; i++) {
        expect(count[i]).toBeGreaterThan(0);
        expect(first[i] + count[i]).toBeLessThanOrEqual(input);
        const sum = weights.subarray(i * stride, (i + 1) * stride).reduce((total, weight) => total + weight, 0);
        expect(Math.abs(sum - 2 ** 22)).toBeLessThanOrEqual(count[i]);
      }
    }),
  );
});

test('one colour stays that colour', () => {
  const small = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(small, small, small, small, fc.nat(255), interpolation, (w, h, outWidth, outHeight, colour, name) => {
      const image = { width: w, height: h, channels: 3, data: new Uint8Array(w * h * 3).fill(colour) } as const;
      expect(resize(image, outHeight, outWidth, name).data.every((byte) => byte === colour)).toBe(true);
    }),
  );
});

test('wasm equals TypeScript on images of any size', () => {
  const small = fc.integer({ min: 1, max: 70 });
  fc.assert(
    fc.property(small, small, small, small, fc.nat(), interpolation, (w, h, outWidth, outHeight, seed, name) => {
      const image = noiseImage(seed, w, h);
      expect(fast(image, outHeight, outWidth, name)).toEqual(resize(image, outHeight, outWidth, name));
    }),
  );
});

test.each(implementations)('%s: the same size is a copy; an empty size is refused', (_, resize) => {
  const image = noiseImage(1, 4, 3);
  const same = resize(image, 3, 4, 'bicubic');
  expect(same).toEqual(image);
  expect(same.data).not.toBe(image.data);
  expect(() => resize(image, 0, 4)).toThrow('resize to 0x4');
  expect(() => resize(image, 3, 2.5)).toThrow('whole numbers');
});
