import { csvLine, parseCsv } from '../utils/csv.js';
import { FormatError } from '../utils/errors.js';
import { element, escapeXml } from './svg.js';

/** Counts [target, predicted] with the names of the classes. */
export interface Confusion {
  readonly classes: readonly string[];
  readonly counts: ArrayLike<number>;
}

/** More classes than this make a matrix that nobody can read: the most frequent confusions are drawn instead. */
const MOST_DRAWN = 64;
const MOST_NUMBERED = 24;
const PAIRS = 40;
const NAME_LENGTH = 18;
const GOOD = '#2f6fb0';
const BAD = '#d1602a';

/** The matrix as CSV: a row for each true class, a column for each prediction. */
export function confusionCsv({ classes, counts }: Confusion): string {
  const n = classes.length;
  const rows = classes.map((name, t) => csvLine([name, ...classes.map((_, p) => counts[t * n + p])]));
  return [csvLine(['true \\ predicted', ...classes]), ...rows, ''].join('\n');
}

/** Reads what `confusionCsv` wrote. Throws FormatError when rows and columns are not the same classes. */
export function parseConfusion(text: string, name = 'confusion_matrix.csv'): Confusion {
  const [[, ...classes] = [], ...rows] = parseCsv(text);
  const fits =
    rows.length === classes.length &&
    rows.every((row, i) => row[0] === classes[i] && row.length === classes.length + 1);
  if (!fits) throw new FormatError(`${name} is no square matrix of named classes`, 'remove it');
  return { classes, counts: rows.flatMap((row) => row.slice(1).map(Number)) };
}

/** One class: its images, how many of them were recognised, how many answers named it, whom it was taken for most. */
export interface ClassResult {
  readonly name: string;
  readonly images: number;
  readonly correct: number;
  readonly named: number;
  readonly mostOftenTakenFor?: { readonly name: string; readonly count: number };
}

/** Results of every class, in their order. */
export function classResults({ classes, counts }: Confusion): ClassResult[] {
  const n = classes.length;
  return classes.map((name, c) => {
    let [images, named] = [0, 0];
    let other = -1;
    for (let i = 0; i < n; i++) {
      images += counts[c * n + i];
      named += counts[i * n + c];
      if (i !== c && counts[c * n + i] > (other < 0 ? 0 : counts[c * n + other])) other = i;
    }
    const mistaken = other < 0 ? {} : { mostOftenTakenFor: { name: classes[other], count: counts[c * n + other] } };
    return { name, images, correct: counts[c * n + c], named, ...mistaken };
  });
}

/** Pairs of classes that were confused, the most frequent first; of equal ones the lower classes. */
export function confusedPairs({ classes, counts }: Confusion, limit = PAIRS) {
  const n = classes.length;
  const pairs: { target: number; predicted: number; count: number }[] = [];
  for (let target = 0; target < n; target++) {
    for (let predicted = 0; predicted < n; predicted++) {
      const count = counts[target * n + predicted];
      if (count > 0 && target !== predicted) pairs.push({ target, predicted, count });
    }
  }
  return pairs.sort((a, b) => b.count - a.count).slice(0, limit);
}

/** The matrix as a picture: each row's shares as shades, right answers blue, wrong ones orange. */
export function confusionSvg(title: string, confusion: Confusion): string {
  return confusion.classes.length <= MOST_DRAWN ? matrixSvg(title, confusion) : pairsSvg(title, confusion);
}

function matrixSvg(title: string, { classes, counts }: Confusion): string {
  const n = classes.length;
  const cell = n <= MOST_NUMBERED ? 30 : 14;
  const names = classes.map(shorten);
  const room = 24 + 7 * Math.max(4, ...names.map((name) => [...name].length));
  const [left, top] = [room, 40];
  const side = n * cell;
  const parts: string[] = [];
  for (let t = 0; t < n; t++) {
    let total = 0;
    for (let p = 0; p < n; p++) total += counts[t * n + p];
    const y = top + t * cell;
    parts.push(label(names[t], left - 6, y + cell / 2 + 4, { 'text-anchor': 'end' }));
    const [x, bottom] = [left + t * cell + cell / 2 + 4, top + side + 8];
    parts.push(label(names[t], x, bottom, { 'text-anchor': 'end', transform: `rotate(-90 ${x} ${bottom})` }));
    for (let p = 0; p < n; p++) {
      const count = counts[t * n + p];
      if (count === 0) continue;
      const share = count / total;
      const hint = element('title', {}, escapeXml(`${classes[t]} taken for ${classes[p]}: ${count} of ${total}`));
      const box = { x: left + p * cell, y, width: cell, height: cell };
      parts.push(element('rect', { ...box, fill: t === p ? GOOD : BAD, 'fill-opacity': 0.08 + 0.92 * share }, hint));
      if (n > MOST_NUMBERED) continue;
      const fill = share > 0.5 ? '#fff' : '#222';
      const at = { 'text-anchor': 'middle', fill, 'font-size': 10, 'pointer-events': 'none' };
      parts.push(label(`${count}`, box.x + cell / 2, y + cell / 2 + 4, at));
    }
  }
  const frame = element('rect', { x: left, y: top, width: side, height: side, fill: 'none', stroke: '#999' });
  const axes = [
    label('true', left - 6, top - 10, { 'text-anchor': 'end', fill: '#555' }),
    label('predicted', left + side / 2, top + side + room + 4, { 'text-anchor': 'middle', fill: '#555' }),
  ];
  return picture(title, left + side + 16, top + side + room + 16, [...parts, frame, ...axes]);
}

function pairsSvg(title: string, confusion: Confusion): string {
  const pairs = confusedPairs(confusion);
  const most = pairs[0]?.count ?? 1;
  const bars = pairs.flatMap(({ target, predicted, count }, i) => {
    const y = 44 + 20 * i;
    const text = `${shorten(confusion.classes[target])} → ${shorten(confusion.classes[predicted])}`;
    return [
      label(text, 310, y + 12, { 'text-anchor': 'end' }),
      element('rect', { x: 320, y, width: (320 * count) / most, height: 15, fill: BAD }),
      label(`${count}`, 326 + (320 * count) / most, y + 12, {}),
    ];
  });
  const heading = label(`Most frequent confusions of ${confusion.classes.length} classes (true → predicted)`, 16, 24, {
    'font-weight': 'bold',
  });
  return picture(title, 720, 60 + 20 * pairs.length, [heading, ...bars]);
}

function picture(title: string, width: number, height: number, parts: readonly string[]): string {
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    'font-family': 'system-ui, sans-serif',
    'font-size': 12,
  };
  const background = element('rect', { width: '100%', height: '100%', fill: '#fff' });
  return `${element('svg', attributes, element('title', {}, escapeXml(title)), background, ...parts)}\n`;
}

function label(text: string, x: number, y: number, attributes: Readonly<Record<string, string | number>>): string {
  return element('text', { x, y, ...attributes }, escapeXml(text));
}

function shorten(name: string): string {
  const letters = [...name];
  return letters.length <= NAME_LENGTH ? name : `${letters.slice(0, NAME_LENGTH - 1).join('')}…`;
}
