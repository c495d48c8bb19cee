import { FormatError } from '../utils/errors.js';
import { type ClassResult, classResults, parseConfusion } from './confusion.js';
import { pictureFiles } from './pictures.js';
import { type EpochResult, parseResults, resultColumns } from './results.js';
import type { RunFolder } from './run-folder.js';
import { escapeXml } from './svg.js';

interface Picture {
  readonly title: string;
  readonly file: string;
  readonly content: Uint8Array;
}

export interface ReportParts {
  readonly title: string;
  readonly rows: readonly EpochResult[];
  readonly pictures: readonly Picture[];
  /** Validation of the best checkpoint; empty when it is not known. */
  readonly classes: readonly ClassResult[];
  /** The resolved configuration, YAML. */
  readonly config: string;
  readonly commands: string;
}

const titles: Readonly<Record<keyof typeof pictureFiles, string>> = {
  curves: 'Curves',
  confusion: 'Confusion matrix of the best checkpoint',
  trainBatch: 'First training batch, augmented',
  mistakes: 'Worst mistakes of the best checkpoint',
};

const types: Readonly<Record<string, string>> = { svg: 'image/svg+xml', png: 'image/png' };

// Nothing may be fetched or run: what a run folder holds came from files of others.
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; overflow-wrap: anywhere } h2 { font-size: 1.1rem; margin-top: 2.2rem; border-bottom: 1px solid #ddd }
.wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .15rem .7rem; text-align: right; border-bottom: 1px solid #eee; white-space: nowrap }
tr.best { background: #eef4fb; font-weight: 600 } img { max-width: 100%; image-rendering: pixelated }
summary { font-weight: 600; margin-top: 2.2rem; cursor: pointer }
pre { background: #f6f6f6; padding: .8rem; overflow-x: auto; font-size: .85rem }
`;

/** Writes `report.html` from what lies in the run folder. Throws FormatError when the run has no results yet. */
export async function writeReport(folder: RunFolder): Promise<string> {
  const { files, path } = folder;
  const text = async (file: string) => {
    const full = `${path}/${file}`;
    return (await files.exists(full)) ? new TextDecoder().decode(await files.read(full)) : '';
  };
  const results = await text('results.csv');
  const rows = results ? parseResults(results, folder.resultsPath) : [];
  if (rows.length === 0) throw new FormatError(`${path} has no results yet`, 'train at least one epoch');
  const pictures: Picture[] = [];
  for (const [name, file] of Object.entries(pictureFiles)) {
    const full = `${path}/${file}`;
    if (!(await files.exists(full))) continue;
    pictures.push({ title: titles[name as keyof typeof pictureFiles], file, content: await files.read(full) });
  }
  const confusion = await text('confusion_matrix.csv');
  const html = reportHtml({
    title: path,
    rows,
    pictures,
    classes: confusion ? classResults(parseConfusion(confusion, `${path}/confusion_matrix.csv`)) : [],
    config: await text('config.yaml'),
    commands: await text('commands.txt'),
  });
  await files.write(folder.reportPath, html);
  return folder.reportPath;
}

/** One file that opens anywhere, without a network: pictures lie inside it. */
export function reportHtml({ title, rows, pictures, classes, config, commands }: ReportParts): string {
  const best = bestRow(rows);
  const seconds = rows.reduce((sum, row) => sum + row.seconds, 0);
  const summary = [
    `${rows.length} epochs, ${rows.at(-1)!.updates} updates, ${(seconds / 60).toFixed(1)} minutes`,
    `best top-1 ${format(best.val_top1)} % (top-5 ${format(best.val_top5)} %) in epoch ${best.epoch}`,
  ];
  return `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeXml(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(title)}</title>
<style>${STYLE}</style>
<h1>${escapeXml(title)}</h1>
<p>${summary.join('; ')}.</p>
${pictures.slice(0, 1).map(figure).join('\n')}
<h2>Results</h2>
<div class="wide"><table>
<tr>${resultColumns.map((name) => `<th>${name}</th>`).join('')}</tr>
${rows.map((row) => tableRow(row, row === best)).join('\n')}
</table></div>
${pictures.slice(1).map(figure).join('\n')}
${classTable(classes)}
<h2>Commands</h2>
${preformatted(commands)}
<details>
<summary>Configuration</summary>
${preformatted(config)}
</details>
</html>
`;
}

/** The epoch with the highest top-1; of equal ones the last, as for checkpoints. */
function bestRow(rows: readonly EpochResult[]): EpochResult {
  return rows.reduce((best, row) => (row.val_top1 >= best.val_top1 || Number.isNaN(best.val_top1) ? row : best));
}

function tableRow(row: EpochResult, isBest: boolean): string {
  const cells = resultColumns.map((name) => `<td>${format(row[name])}</td>`).join('');
  return `<tr${isBest ? ' class="best"' : ''}>${cells}</tr>`;
}

/** Classes with images, the worst first. Recall is a class's share of right answers, precision an answer's. */
function classTable(classes: readonly ClassResult[]): string {
  const share = (part: number, whole: number) => (whole === 0 ? 'none' : `${((100 * part) / whole).toFixed(1)} %`);
  const rows = classes
    .filter(({ images }) => images > 0)
    .sort((a, b) => a.correct / a.images - b.correct / b.images)
    .map(({ name, images, correct, named, mostOftenTakenFor: other }) => {
      const mistake = other ? escapeXml(`${other.name} (${other.count})`) : '';
      const cells = [images, share(correct, images), share(correct, named), mistake];
      return `<tr><th>${escapeXml(name)}</th>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
    });
  if (rows.length === 0) return '';
  const head = ['class', 'images', 'recall', 'precision', 'most often taken for'];
  return `<h2>Classes, the worst first</h2>
<div class="wide"><table>
<tr>${head.map((name) => `<th>${name}</th>`).join('')}</tr>
${rows.join('\n')}
</table></div>`;
}

function format(value: number): string {
  return Number.isInteger(value) ? `${value}` : `${Number(value.toPrecision(5))}`;
}

function figure({ title, file, content }: Picture): string {
  const source = `data:${types[file.split('.').at(-1)!]};base64,${base64(content)}`;
  return `<h2>${escapeXml(title)}</h2>\n<img src="${source}" alt="${escapeXml(file)}">`;
}

function preformatted(text: string): string {
  return `<pre>${text.trimEnd().split('\n').map(escapeXml).join('\n')}</pre>`;
}

function base64(bytes: Uint8Array): string {
  const block = 0x8000;
  let text = '';
  for (let i = 0; i < bytes.length; i += block) text += String.fromCharCode(...bytes.subarray(i, i + block));
  return btoa(text);
}
