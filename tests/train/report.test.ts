import { beforeAll, describe, expect, test } from 'vitest';
import { readSafetensors } from '../../src/formats/safetensors.js';
import { memoryFiles } from '../../src/platform/memory-files.js';
import { writeReport } from '../../src/train/report.js';
import { RunFolder } from '../../src/train/run-folder.js';
import { devices } from '../support/devices.js';
import { newTrainer } from '../support/tiny-run.js';

const [{ engine }] = await devices();
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('the report of a run', () => {
  let run: Awaited<ReturnType<typeof newTrainer>>;
  let html: string;
  beforeAll(async () => {
    run = await newTrainer(engine);
    await run.trainer.run();
    html = text(await run.files.read('runs/tiny-1/report.html'));
  });

  test('has the results of every epoch, pictures, configuration and commands', () => {
    expect(html.match(/<tr/g)).toHaveLength(4 + 5);
    expect(html.match(/<tr class="best"/g)).toHaveLength(1);
    expect(html.match(/<img src="data:image\/svg\+xml;base64,/g)).toHaveLength(2);
    expect(html.match(/<img src="data:image\/png;base64,iVBOR/g)).toHaveLength(2);
    expect(html).toContain('<pre># none</pre>');
    expect(html).toContain('# evaluate its best checkpoint\nnpx cvnets eval runs/tiny-1\n');
    expect(html).not.toContain('NaN');
  });

  test('lists the classes, the worst first', () => {
    const shares = [...html.matchAll(/<tr><th>\d<\/th><td>\d+<\/td><td>([\d.]+) %/g)].map(([, share]) => Number(share));
    expect(shares).toHaveLength(4);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
  });

  test('fetches nothing and runs nothing', () => {
    expect(html).not.toMatch(/<script|https?:(?!\/\/www\.w3\.org\/2000\/svg)| on\w+=|<link|@import|url\(/);
    expect(html).toContain('default-src &#39;none&#39;');
  });

  test('its confusion matrix counts every validation image once', async () => {
    const rows = text(await run.files.read('runs/tiny-1/confusion_matrix.csv'))
      .trimEnd()
      .split('\n')
      .slice(1);
    const counts = rows.map((row) => row.split(',').slice(1).map(Number));
    expect(counts.flat().reduce((sum, count) => sum + count)).toBe(70);
    const best = readSafetensors(await run.files.read('runs/tiny-1/checkpoints/checkpoint_best.safetensors'));
    const right = counts.reduce((sum, row, i) => sum + row[i], 0);
    expect((100 * right) / 70).toBeCloseTo(Number(best.metadata.get('score')), 4);
    expect(best.metadata.get('classes')).toBe('["0","1","2","3"]');
  });

  test('is written again from the folder alone, byte for byte', async () => {
    await run.files.remove('runs/tiny-1/report.html');
    expect(await writeReport(await RunFolder.open(run.files, 'runs/tiny-1'))).toBe('runs/tiny-1/report.html');
    expect(text(await run.files.read('runs/tiny-1/report.html'))).toBe(html);
  });
});

test('names cannot leave their place', async () => {
  const files = memoryFiles();
  const evil = "<script>alert('1')</script>&\"";
  const folder = await RunFolder.create(files, evil, 'x');
  await folder.writeConfig(`label: ${evil}\n`);
  await expect(writeReport(folder)).rejects.toThrow('has no results yet');
  const [header, row] = [
    'epoch,updates,lr,train_loss,train_top1,val_loss,val_top1,val_top5,images_per_second,seconds',
    '0,1,0.1,NaN,0,NaN,0,0,1,1',
  ];
  await files.write(folder.resultsPath, `${header}\n${row}\n`);
  await files.write(`${folder.path}/curves.svg`, `<svg xmlns="http://www.w3.org/2000/svg">${evil}</svg>`);
  await files.write(
    `${folder.path}/confusion_matrix.csv`,
    `,a,"${evil.replace('"', '""')}"\na,1,1\n"${evil.replace('"', '""')}",0,0\n`,
  );
  await writeReport(folder);
  const html = text(await files.read(folder.reportPath));
  expect(html).not.toContain('<script');
  expect(html).toContain('<tr><th>a</th><td>2</td><td>50.0 %</td><td>100.0 %</td><td>&lt;script&gt;');
  expect(html).toContain('<pre>label: &lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;</pre>');
});
