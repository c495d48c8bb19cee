import { element, escapeXml, ticks } from '../../train/svg.js';

export interface Point {
  readonly x: number;
  readonly y: number;
  readonly label: string;
}

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  readonly kind: 'line' | 'dots' | 'limit';
}

export interface ChartOptions {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly scale: 'linear' | 'log';
  readonly series: readonly Series[];
}

const WIDTH = 640;
const HEIGHT = 380;
const MARGIN = { top: 40, right: 20, bottom: 48, left: 64 };
/** Classes that the page colours for light and dark: `c0`, `c1`, ... */
const COLOURS = 6;

/** A chart as SVG that takes its colours from the page's style sheet. */
export function chart({ title, x: xName, y: yName, scale, series }: ChartOptions): string {
  const points = series
    .flatMap(({ points: all }) => all)
    .filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  if (points.length === 0) return '';
  const x = axis(
    points.map((point) => point.x),
    scale,
    MARGIN.left,
    WIDTH - MARGIN.right,
  );
  const y = axis(
    points.map((point) => point.y),
    scale,
    HEIGHT - MARGIN.bottom,
    MARGIN.top,
  );
  const grid = [
    ...y.ticks.flatMap((value) => [
      element('line', { class: 'grid', x1: MARGIN.left, x2: WIDTH - MARGIN.right, y1: y.at(value), y2: y.at(value) }),
      text(MARGIN.left - 8, y.at(value) + 4, 'end', short(value)),
    ]),
    ...x.ticks.map((value) => text(x.at(value), HEIGHT - MARGIN.bottom + 18, 'middle', short(value))),
  ];
  const shapes = series.map(({ kind, points: all }, i) => {
    const colour = `c${i % COLOURS}`;
    const at = all.map((point) => [x.at(point.x), y.at(point.y)] as const);
    const path = `M${at.map(([px, py]) => `${px.toFixed(1)} ${py.toFixed(1)}`).join('L')}`;
    const line = element('path', { class: kind === 'limit' ? 'limit' : `line ${colour}`, d: path });
    if (kind === 'limit') return line;
    const dots = all.map((point, k) =>
      element(
        'circle',
        { class: colour, cx: at[k][0], cy: at[k][1], r: 4 },
        element('title', {}, escapeXml(point.label)),
      ),
    );
    return (kind === 'line' ? line : '') + dots.join('');
  });
  const named = series.filter(({ kind }) => kind !== 'limit');
  const legend = named.map(({ name }, i) => {
    const colour = `c${series.findIndex((one) => one.name === name) % COLOURS}`;
    const top = MARGIN.top + 14 + 16 * i;
    return (
      element('circle', { class: colour, cx: MARGIN.left + 14, cy: top - 4, r: 4 }) +
      text(MARGIN.left + 24, top, 'start', name)
    );
  });
  return element(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': title },
    text(MARGIN.left, 20, 'start', title, 'title'),
    ...grid,
    text((MARGIN.left + WIDTH - MARGIN.right) / 2, HEIGHT - 10, 'middle', xName),
    element('g', { transform: `translate(14 ${HEIGHT / 2}) rotate(-90)` }, text(0, 0, 'middle', yName)),
    ...shapes,
    ...legend,
  );
}

function text(x: number, y: number, anchor: string, content: string, style = 'label'): string {
  return element('text', { class: style, x, y, 'text-anchor': anchor }, escapeXml(content));
}

interface Axis {
  at(value: number): number;
  readonly ticks: readonly number[];
}

function axis(values: readonly number[], scale: 'linear' | 'log', from: number, to: number): Axis {
  if (scale === 'linear') {
    const high = Math.max(...values) * 1.05 || 1;
    return { at: (value) => from + (value / high) * (to - from), ticks: ticks(0, high) };
  }
  const positive = values.filter((value) => value > 0);
  const low = Math.floor(Math.log2(Math.min(...positive)));
  const high = Math.max(low + 1, Math.ceil(Math.log2(Math.max(...positive))));
  const step = Math.ceil((high - low) / 8);
  const at = (value: number) => from + ((Math.log2(Math.max(value, 2 ** low)) - low) / (high - low)) * (to - from);
  const count = Math.floor((high - low) / step) + 1;
  return { at, ticks: Array.from({ length: count }, (_, i) => 2 ** (low + i * step)) };
}

const short = (value: number): string => `${Number(value.toPrecision(3))}`;
