import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classResults, confusedPairs, confusionCsv, confusionSvg, parseConfusion } from '../../src/train/confusion.js';
import { SampleStatistics } from '../../src/train/samples.js';

/** Gray 1x2 images whose first pixel is their place. */
function batch(targets: number[], first = 0) {
  const image = Uint8Array.from(targets.flatMap((_, i) => [first + i, 255]));
  return { size: targets.length, height: 1, width: 2, channels: 1, image, target: Int32Array.from(targets) };
}

describe('samples', () => {
  test('counts, and the worst mistakes with probability and loss', () => {
    const samples = new SampleStatistics(3, 2);
    samples.add(batch([0, 1, 2]), [2, 0, 0, 0, 0, 3, 0, 1, 0]);
    samples.add(batch([1, -1, 2], 3), [9, 0, 0, 5, 0, 0, 0, 0, 7]);
    expect([...samples.confusion]).toEqual([1, 0, 0, 1, 0, 1, 0, 1, 1]);
    expect(samples.mistakes.map(({ target, predicted, pixels }) => [target, predicted, pixels[0]])).toEqual([
      [1, 0, 3],
      [1, 2, 1],
    ]);
    const [, { loss, probability }] = samples.mistakes;
    expect(loss).toBeCloseTo(Math.log(2 + Math.exp(3)), 12);
    expect(probability).toBeCloseTo(Math.exp(3) / (2 + Math.exp(3)), 12);
  });

  test('ties go to the lower class, and an equal loss keeps the earlier image', () => {
    const samples = new SampleStatistics(2, 1);
    samples.add(batch([1, 1]), [4, 4, 4, 4]);
    expect([...samples.confusion]).toEqual([0, 0, 2, 0]);
    expect(samples.mistakes.map(({ pixels }) => pixels[0])).toEqual([0]);
  });

  test('large logits do not overflow, and numbers that are none make no mistake', () => {
    const samples = new SampleStatistics(2);
    samples.add(batch([0, 0]), [-500, 900, Number.NaN, 0]);
    expect(samples.mistakes.map(({ loss }) => loss)).toEqual([1400]);
  });

  test('keeps what sorting all of them would keep', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { maxLength: 60 }), (margins) => {
        const samples = new SampleStatistics(2, 7);
        samples.add(
          batch(margins.map(() => 0)),
          margins.flatMap((margin) => [0, margin]),
        );
        const losses = margins.filter((margin) => margin > 0).map((margin) => margin + Math.log1p(Math.exp(-margin)));
        const worst = losses.sort((a, b) => b - a).slice(0, 7);
        expect(samples.mistakes).toHaveLength(worst.length);
        for (const [i, { loss }] of samples.mistakes.entries()) expect(loss).toBeCloseTo(worst[i], 9);
      }),
    );
  });
});

describe('confusion matrix', () => {
  const names = ['cat', 'a "dog", big', '<script>alert(1)</script>'];
  const confusion = { classes: names, counts: [5, 1, 0, 0, 9, 0, 3, 0, 0] };

  test('as CSV with quoted names', () => {
    expect(confusionCsv(confusion).split('\n')).toEqual([
      'true \\ predicted,cat,"a ""dog"", big",<script>alert(1)</script>',
      'cat,5,1,0',
      '"a ""dog"", big",0,9,0',
      '<script>alert(1)</script>,3,0,0',
      '',
    ]);
  });

  test('is read back', () => {
    expect(parseConfusion(confusionCsv(confusion))).toEqual(confusion);
    expect(() => parseConfusion('x,a,b\na,1,2\n', 'm.csv')).toThrow('m.csv is no square matrix');
    expect(() => parseConfusion('', 'm.csv')).not.toThrow();
  });

  test('class by class', () => {
    expect(classResults(confusion)).toEqual([
      { name: names[0], images: 6, correct: 5, named: 8, mostOftenTakenFor: { name: names[1], count: 1 } },
      { name: names[1], images: 9, correct: 9, named: 10 },
      { name: names[2], images: 3, correct: 0, named: 0, mostOftenTakenFor: { name: names[0], count: 3 } },
    ]);
  });

  test('as a picture with a box for every count that is not 0', () => {
    const svg = confusionSvg('run </title>', confusion);
    expect(svg.match(/<rect [^>]*fill-opacity/g)).toHaveLength(4);
    expect(svg).not.toContain('<script');
    expect(svg).not.toContain('NaN');
    expect(svg).toContain('cat taken for a &quot;dog&quot;, big: 1 of 6');
  });

  test('many classes give their most frequent confusions', () => {
    const n = 200;
    const counts = new Uint32Array(n * n);
    counts[7 * n + 8] = 3;
    counts[9 * n + 1] = 12;
    counts[5 * n + 5] = 99;
    const many = { classes: Array.from({ length: n }, (_, i) => `class ${i}`), counts };
    expect(confusedPairs(many)).toEqual([
      { target: 9, predicted: 1, count: 12 },
      { target: 7, predicted: 8, count: 3 },
    ]);
    const svg = confusionSvg('x', many);
    expect(svg).toContain('class 9 → class 1');
    expect(svg.length).toBeLessThan(5000);
    expect(confusionSvg('x', { ...many, counts: new Uint32Array(n * n) })).toContain('</svg>');
  });
});
