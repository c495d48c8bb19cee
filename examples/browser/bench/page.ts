import type { BenchMessage, BenchRequest } from './worker.js';

const query = new URLSearchParams(location.search);
const output = document.querySelector('output')!;

const print = (line: string): void => {
  output.append(line, document.createElement('br'));
};

/** The results as `cvnets bench --html` writes them, and its JSON to keep. */
function show(page: string, json: string): void {
  const frame = document.createElement('iframe');
  frame.srcdoc = page;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([json], { type: 'application/json' }));
  link.download = 'bench.json';
  link.textContent = 'bench.json';
  document.body.append(link, frame);
}

const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
worker.onerror = ({ message }) => print(`the worker stopped: ${message}`);
worker.onmessage = ({ data }: MessageEvent<BenchMessage>) => {
  if (data.line !== undefined) print(data.line);
  if (data.json !== undefined) show(data.page!, data.json);
  if (data.json !== undefined || data.failed) document.body.dataset.done = data.json ?? 'null';
};
worker.postMessage({
  suite: query.get('suite') ?? 'kernels',
  device: query.get('device') === 'wasm' ? 'wasm' : 'webgpu',
  threads: Number(query.get('threads') ?? 0),
  rounds: Number(query.get('rounds') ?? 5),
  filter: query.get('filter') ?? undefined,
  scaling: query.has('scaling'),
  peers: (query.get('peers') ?? '').split(',').filter(Boolean),
} satisfies BenchRequest);
