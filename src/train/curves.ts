import type { EpochResult } from './results.js';
import { element, escapeXml, ticks } from './svg.js';

interface Line {
  readonly name: string;
  readonly colour: string;
  readonly values: readonly number[];
}

const WIDTH = 440;
const HEIGHT = 300;
const MARGIN = { top: 40, right: 16, bottom: 40, left: 52 };
const TRAIN = '#2f6fb0';
const VAL = '#d1602a';

/** Loss and top-1 over the epochs as one SVG picture. */
export function curvesSvg(title: string, rows: readonly EpochResult[]): string {
  const epochs = rows.map(({ epoch }) => epoch + 1);
  const column = (name: keyof EpochResult) => rows.map((row) => row[name]);
  const panels = [
    panel('loss', epochs, [
      { name: 'train', colour: TRAIN, values: column('train_loss') },
      { name: 'val', colour: VAL, values: column('val_loss') },
    ]),
    panel('top-1 (%)', epochs, [
      { name: 'train', colour: TRAIN, values: column('train_top1') },
      { name: 'val', colour: VAL, values: column('val_top1') },
    ]),
  ];
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${2 * WIDTH} ${HEIGHT}`,
    'font-family': 'system-ui, sans-serif',
    'font-size': 12,
  };
  return `${element(
    'svg',
    attributes,
    element('title', {}, escapeXml(title)),
    element('rect', { width: '100%', height: '100%', fill: '#fff' }),
    ...panels.map((markup, i) => element('g', { transform: `translate(${i * WIDTH} 0)` }, markup)),
  )}\n`;
}

function panel(label: string, epochs: readonly number[], lines: readonly Line[]): string {
  const finite = lines.flatMap(({ values }) => values).filter(Number.isFinite);
  const [low, high] = padded(finite);
  const last = Math.max(2, ...epochs);
  const x = scale(1, last, MARGIN.left, WIDTH - MARGIN.right);
  const y = scale(low, high, HEIGHT - MARGIN.bottom, MARGIN.top);

  const grid = ticks(low, high).flatMap((value) => [
    element('line', { x1: MARGIN.left, x2: WIDTH - MARGIN.right, y1: y(value), y2: y(value), stroke: '#ddd' }),
    element('text', { x: MARGIN.left - 6, y: y(value) + 4, 'text-anchor': 'end', fill: '#555' }, `${value}`),
  ]);
  const axis = ticks(1, last)
    .filter(Number.isInteger)
    .map((value) =>
      element(
        'text',
        { x: x(value), y: HEIGHT - MARGIN.bottom + 18, 'text-anchor': 'middle', fill: '#555' },
        `${value}`,
      ),
    );
  const curves = lines.map(({ colour, values }) => curve(colour, epochs, values, x, y));
  const legend = lines.map(({ name, colour }, i) =>
    element(
      'text',
      { x: WIDTH - MARGIN.right - 60 * (lines.length - 1 - i), y: 22, 'text-anchor': 'end', fill: colour },
      escapeXml(name),
    ),
  );
  return [
    ...grid,
    ...axis,
    element('text', { x: MARGIN.left, y: 22, 'font-weight': 'bold' }, escapeXml(label)),
    element('text', { x: WIDTH / 2, y: HEIGHT - 6, 'text-anchor': 'middle', fill: '#555' }, 'epoch'),
    ...curves,
    ...legend,
  ].join('');
}

type Scale = (value: number) => number;

/** A line through the finite values with a dot at each; one epoch alone is only a dot. */
function curve(colour: string, epochs: readonly number[], values: readonly number[], x: Scale, y: Scale): string {
  const points = values.flatMap((value, i) => (Number.isFinite(value) ? [[x(epochs[i]), y(value)] as const] : []));
  const path = points.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(' ');
  return [
    element('polyline', { points: path, fill: 'none', stroke: colour, 'stroke-width': 2 }),
    ...points.map(([px, py]) => element('circle', { cx: px, cy: py, r: 2.5, fill: colour })),
  ].join('');
}

function scale(from: number, to: number, start: number, end: number): Scale {
  return (value) => start + ((value - from) / (to - from)) * (end - start);
}

/** Range of the values with a little room; never empty. */
function padded(values: readonly number[]): [number, number] {
  if (values.length === 0) return [0, 1];
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const room = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
  return [low - room, high + room];
}
