import { element, escapeXml } from '../../train/svg.js';
import type { BaselineComparison, Change } from './baseline.js';
import { chart, type Series } from './chart.js';
import { cells, columns, formatRatio, formatValue } from './format-row.js';
import type { BenchRow } from './row.js';

export interface PageContent {
  readonly rows: readonly BenchRow[];
  /** Comparisons that were refused, peers that were missing. */
  readonly notes: readonly string[];
  readonly baseline?: BaselineComparison;
  /** When and on what it was measured. */
  readonly where: string;
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c1e21; --faint: #6b7078; --rule: #d8dbe0; --paper: #fff;
  --c0: #2f6fb0; --c1: #c2551f; --c2: #2e8b57; --c3: #8a4fb5; --c4: #a0761a; --c5: #c03a6b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --faint: #9aa0a8; --rule: #3a3e45; --paper: #16181b;
  --c0: #6aaef0; --c1: #f0935c; --c2: #62c78e; --c3: #c490ec; --c4: #dcb35a; --c5: #f07fa8; } }
body { margin: 2rem auto; max-width: 76rem; padding: 0 1rem; font: 15px/1.45 system-ui, sans-serif;
  color: var(--ink); background: var(--paper); }
table { border-collapse: collapse; width: 100%; font-size: 13px; display: block; overflow-x: auto; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; }
th:nth-child(1), td:nth-child(1), th:nth-child(2), td:nth-child(2), th:nth-child(8), td:nth-child(8) { text-align: left; }
.faint, .label { color: var(--faint); fill: var(--faint); }
svg { width: 100%; max-width: 640px; height: auto; font: 12px system-ui, sans-serif; }
.title { fill: var(--ink); font-weight: 600; font-size: 14px; }
.grid { stroke: var(--rule); } .limit { stroke: var(--faint); fill: none; stroke-dasharray: 5 4; }
path.line { fill: none; stroke-width: 2; }
${Array.from({ length: 6 }, (_, i) => `circle.c${i} { fill: var(--c${i}); } path.c${i} { stroke: var(--c${i}); }`).join('\n')}
`;

/** The results as one page that loads nothing, for light and dark screens. */
export function benchPage({ rows, notes, baseline, where }: PageContent): string {
  const hardware = rows.filter(({ software }) => !software);
  const software = rows.filter((row) => row.software);
  const sections = [
    ...suites(hardware),
    ...(software.length > 0
      ? [
          heading(2, 'Software adapters'),
          element(
            'p',
            { class: 'faint' },
            'Counts carry over to GPUs; times here are those of a rasteriser on the CPU.',
          ),
          ...suites(software),
        ]
      : []),
  ];
  const body = element(
    'body',
    {},
    heading(1, 'cvnets bench'),
    element('p', { class: 'faint' }, escapeXml(where)),
    ...(baseline ? baselineSection(baseline) : []),
    ...sections,
    ...(notes.length > 0 ? [heading(2, 'Left out'), list(notes)] : []),
  );
  const head = element(
    'head',
    {},
    '<meta charset="utf-8">',
    element('title', {}, 'cvnets bench'),
    element('style', {}, STYLE),
  );
  return `<!doctype html>\n${element('html', { lang: 'en' }, head, body)}\n`;
}

function suites(rows: readonly BenchRow[]): string[] {
  return groups(rows, ({ suite, device, adapter }) => [suite, device, adapter].filter(Boolean).join(' · ')).flatMap(
    ([title, group]) => [heading(2, title), ...roofline(title, group), ...scaling(group), tableOf(group)],
  );
}

/** Every kernel under the roof that bandwidth and arithmetic leave it. */
function roofline(title: string, rows: readonly BenchRow[]): string[] {
  const once = groups(
    rows.filter((row) => row.roofline),
    (row) => row.case,
  ).map(([, [row]]) => row);
  if (once.length === 0) return [];
  const spots = once.map((row) => row.roofline!);
  const [peak, copy] = [Math.max(...spots.map((spot) => spot.peak)), Math.max(...spots.map((spot) => spot.copy))];
  const xs = spots.map(({ intensity }) => intensity);
  const [low, high] = [Math.min(...xs) / 2, Math.max(...xs) * 2];
  const roof = [low, Math.min(high, Math.max(low, peak / copy)), high].map((x) => {
    return { x, y: Math.min(peak, x * copy), label: 'limit' };
  });
  const families = groups(once, (row) => row.case.split(' ')[0]).map(([name, group]): Series => {
    const points = group.map((row) => {
      const { intensity, gflops } = row.roofline!;
      return { x: intensity, y: gflops, label: `${row.case}: ${formatValue(gflops, 'GFLOP/s')} GFLOP/s` };
    });
    return { name, points, kind: 'dots' };
  });
  const series: Series[] = [...families, { name: 'limit', points: roof, kind: 'limit' }];
  return [chart({ title: `Roofline, ${title}`, x: 'FLOP a byte', y: 'GFLOP/s', scale: 'log', series })];
}

/** Step time against batch, resolution, width: a line for us and for each peer. */
function scaling(rows: readonly BenchRow[]): string[] {
  const timed = rows.filter((row) => row.scaling && row.unit === 'ms');
  return groups(timed, ({ scaling: spot }) => `${spot!.chart}: step time against ${spot!.axis}`).map(
    ([title, group]) => {
      const ours = groups(group, (row) => row.case).map(([, [row]]) => row);
      const line = (name: string, of: readonly BenchRow[], value: (row: BenchRow) => number): Series => ({
        name,
        kind: 'line',
        points: of
          .map((row) => ({
            x: row.scaling!.at,
            y: value(row),
            label: `${row.case}: ${formatValue(value(row), 'ms')} ms`,
          }))
          .sort((a, b) => a.x - b.x),
      });
      const peers = groups(
        group.filter(({ peer }) => peer),
        ({ peer }) => peer!,
      );
      const series = [
        line('cvnets', ours, (row) => row.ours),
        ...peers.map(([name, of]) => line(name, of, (row) => row.peer_value!)),
      ];
      return chart({ title, x: group[0].scaling!.axis, y: 'ms', scale: 'linear', series });
    },
  );
}

function baselineSection({ regressions, improvements, gone, added }: BaselineComparison): string[] {
  const lines = (changes: readonly Change[]) =>
    list(
      changes.map(({ row, before, ratio }) => {
        const values = `${formatValue(before, row.unit)} to ${formatValue(row.ours, row.unit)} ${row.unit}`;
        return `${formatRatio(ratio)} ${row.case}, ${row.metric} (${row.device}): ${values}`;
      }),
    );
  return [
    heading(2, 'Against the baseline'),
    element('p', {}, `${regressions.length} worse, ${improvements.length} better, ${added} new, ${gone} not measured`),
    ...(regressions.length > 0 ? [heading(3, 'Worse'), lines(regressions)] : []),
    ...(improvements.length > 0 ? [heading(3, 'Better'), lines(improvements)] : []),
  ];
}

function tableOf(rows: readonly BenchRow[]): string {
  const row = (tag: string, texts: readonly string[]) =>
    element('tr', {}, ...texts.map((text) => element(tag, {}, escapeXml(text))));
  return element(
    'table',
    {},
    element('thead', {}, row('th', columns)),
    element('tbody', {}, ...rows.map((one) => row('td', cells(one)))),
  );
}

const heading = (level: number, text: string): string => element(`h${level}`, {}, escapeXml(text));

const list = (lines: readonly string[]): string =>
  element('ul', {}, ...lines.map((line) => element('li', {}, escapeXml(line))));

/** In order of first appearance. */
function groups<T>(items: readonly T[], keyOf: (item: T) => string): [string, T[]][] {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = found.get(key);
    if (group) group.push(item);
    else found.set(key, [item]);
  }
  return [...found];
}
