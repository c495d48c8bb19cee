import type { StepReport } from './train.js';

interface WorkerMessage {
  readonly line?: string;
  readonly step?: StepReport;
  readonly losses?: readonly number[];
  readonly failed?: boolean;
}

const query = new URLSearchParams(location.search);
const number = (name: string, fallback: number): number => Number(query.get(name) ?? fallback);
const output = document.querySelector('output')!;

const print = (line: string): void => {
  output.append(line, document.createElement('br'));
};

const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
worker.onerror = ({ message }) => print(`the worker stopped: ${message}`);
worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
  if (data.line) print(data.line);
  if (data.step) {
    const { step, loss, imagesPerSecond } = data.step;
    print(`step ${step}  loss ${loss.toFixed(4)}  ${imagesPerSecond.toFixed(0)} images/s`);
  }
  if (data.losses || data.failed) document.body.dataset.done = JSON.stringify(data.losses ?? null);
};
worker.postMessage({
  device: query.get('device') ?? 'auto',
  model: query.get('model') ?? 'mobilenetv2',
  threads: query.has('threads') ? number('threads', 0) : undefined,
  size: number('size', 64),
  batch: number('batch', 16),
  steps: number('steps', 50),
  lr: number('lr', 0.05),
});
