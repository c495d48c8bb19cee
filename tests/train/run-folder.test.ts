import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryFiles } from '../../src/platform/memory-files.js';
import { curvesSvg } from '../../src/train/curves.js';
import { type EpochResult, parseResults, ResultsFile } from '../../src/train/results.js';
import { RunFolder } from '../../src/train/run-folder.js';
import { element, escapeXml, ticks } from '../../src/train/svg.js';

const row = (epoch: number, loss = 0.5): EpochResult => ({
  epoch,
  updates: 469 * (epoch + 1),
  lr: 0.0123,
  train_loss: loss,
  train_top1: 98.25,
  val_loss: loss / 2,
  val_top1: 99.01,
  val_top5: 100,
  images_per_second: 2500.04,
  seconds: 24.125,
  data_wait_seconds: 1.5,
  device_wait_seconds: 20,
  decode_seconds: 3.125,
});

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('run folder', () => {
  test('numbers count up and never meet', async () => {
    const files = memoryFiles();
    const made = [];
    for (let i = 0; i < 3; i++) made.push((await RunFolder.create(files, 'runs', 'mnist')).path);
    expect(made).toEqual(['runs/mnist-1', 'runs/mnist-2', 'runs/mnist-3']);
    await files.makeFolder('runs/mnist-9');
    await files.makeFolder('runs/mnist-old');
    const atOnce = await Promise.all([1, 2, 3].map(() => RunFolder.create(files, 'runs', 'mnist')));
    expect(new Set(atOnce.map(({ path }) => path)).size).toBe(3);
    expect((await RunFolder.create(files, 'runs', 'mnist')).path).toBe('runs/mnist-13');
  });

  test.each(['', '../x', 'a/b', '.hidden', 'a b', '-n'])('label %j is refused', async (label) => {
    await expect(RunFolder.create(memoryFiles(), 'runs', label)).rejects.toThrow('common.run_label');
  });

  test('opens what it made, and nothing else', async () => {
    const files = memoryFiles();
    const run = await RunFolder.create(files, "my runs'", 'a');
    await expect(RunFolder.open(files, run.path)).rejects.toThrow('no run folder');
    await run.writeConfig('common:\n');
    expect((await RunFolder.open(files, `${run.path}/`)).path).toBe(run.path);
    expect(run.resumeCommand).toBe(`npx cvnets train --resume 'my runs'\\''/a-1'`);
    expect(text(await files.read(`${run.path}/commands.txt`))).toContain('npx cvnets eval');
  });
});

describe('results.csv', () => {
  test('header, rows, and a second opening that drops rows from the epoch on', async () => {
    const files = memoryFiles();
    const results = await ResultsFile.open(files, 'r.csv', 0);
    await results.add(row(0));
    await results.add(row(1, Number.NaN));
    expect(text(await files.read('r.csv')).split('\n')).toEqual([
      'epoch,updates,lr,train_loss,train_top1,val_loss,val_top1,val_top5,images_per_second,seconds,' +
        'data_wait_seconds,device_wait_seconds,decode_seconds',
      '0,469,0.0123,0.5,98.25,0.25,99.01,100,2500,24.13,1.5,20,3.13',
      '1,938,0.0123,NaN,98.25,NaN,99.01,100,2500,24.13,1.5,20,3.13',
      '',
    ]);
    const again = await ResultsFile.open(files, 'r.csv', 1);
    expect(again.rows.map(({ epoch }) => epoch)).toEqual([0]);
    expect(parseResults(text(await files.read('r.csv')))).toHaveLength(1);
  });

  test('a file of an earlier version has fewer columns; it gets the others when a run goes on', async () => {
    const files = memoryFiles();
    const columns = 'epoch,updates,lr,train_loss,train_top1,val_loss,val_top1,val_top5,images_per_second,seconds';
    await files.write('r.csv', `${columns}\n0,469,0.01,0.5,98,0.25,99,100,2500,24\n`);
    const { rows } = await ResultsFile.open(files, 'r.csv', 1);
    expect(rows).toMatchObject([{ epoch: 0, seconds: 24, data_wait_seconds: Number.NaN }]);
    expect(text(await files.read('r.csv'))).toBe(
      `${columns},data_wait_seconds,device_wait_seconds,decode_seconds\n` +
        '0,469,0.01,0.5,98,0.25,99,100,2500,24,NaN,NaN,NaN\n',
    );
    expect(() => parseResults('epoch,updates\n0,1\n')).toThrow('starts with epoch,updates');
  });

  test('foreign files are named', () => {
    expect(() => parseResults('a,b\n1,2\n', 'x.csv')).toThrow('x.csv starts with a,b');
  });
});

describe('curves', () => {
  test('a picture with both panels, without what is not finite', () => {
    const svg = curvesSvg('run', [row(0), row(1, Number.NaN), row(2, 0.3)]);
    expect(svg).toMatch(/^<svg xmlns=/);
    expect(svg.match(/<polyline/g)).toHaveLength(4);
    expect(svg.match(/<circle/g)).toHaveLength(10);
    expect(svg).not.toContain('NaN');
    expect(svg).not.toContain('Infinity');
  });

  test('one epoch and none are drawn too', () => {
    expect(curvesSvg('x', [])).toContain('</svg>');
    expect(curvesSvg('x', [row(0, 0)])).not.toContain('NaN');
  });

  test('names cannot leave their place', () => {
    const svg = curvesSvg('<script>alert("&\'")</script>\u0000', [row(0)]);
    expect(svg).toContain('&lt;script&gt;alert(&quot;&amp;&#39;&quot;)&lt;/script&gt;</title>');
    expect(svg).not.toContain('<script');
    expect(element('a', { b: '"><c>' })).toBe('<a b="&quot;&gt;&lt;c&gt;"/>');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(escapeXml(name)).not.toMatch(/[<>"']/);
      }),
    );
  });

  test('ticks are round numbers inside the range', () => {
    expect(ticks(0, 1)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticks(97.1, 99.3)).toEqual([97.5, 98, 98.5, 99]);
    expect(ticks(3, 3)).toEqual([3]);
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        (low, span) => {
          const values = ticks(low, low + span);
          expect(values.length).toBeLessThanOrEqual(7);
          for (const value of values) expect(value).toBeGreaterThanOrEqual(low - span * 0.01);
        },
      ),
    );
  });
});
