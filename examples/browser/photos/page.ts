import type { TrainEvent } from 'cvnets';
import { type ChosenFiles, droppedFiles, selectedFiles } from './files.js';
import type { Answer, TrainRequest } from './worker.js';

const find = <T extends Element>(selector: string): T => document.querySelector<T>(selector)!;
const form = find<HTMLFormElement>('form');
const recipe = find<HTMLTextAreaElement>('[name=recipe]');
const changes = find<HTMLTextAreaElement>('[name=changes]');
const [start, stop] = [find<HTMLButtonElement>('[name=train]'), find<HTMLButtonElement>('[name=stop]')];
const drop = find<HTMLElement>('#drop');

recipe.value = await (await fetch('./recipe.yaml')).text();
let chosen: ChosenFiles | undefined;
let worker: Worker | undefined;

/** Shows which folder was chosen; `reading` may still be under way. */
async function choose(reading: ChosenFiles | Promise<ChosenFiles>): Promise<void> {
  const status = find('#chosen');
  try {
    chosen = await reading;
    status.textContent = `${chosen.files.size} files in ${chosen.root.replace(/^photos\/?/, '') || 'several folders'}.`;
  } catch (error) {
    chosen = undefined;
    status.textContent = `The folder cannot be read: ${error instanceof Error ? error.message : error}`;
  }
  allow();
}

function allow(): void {
  start.disabled = worker !== undefined || !chosen || chosen.files.size === 0;
  stop.disabled = worker === undefined;
}

find<HTMLInputElement>('[name=folder]').addEventListener('change', ({ target }) => {
  void choose(selectedFiles((target as HTMLInputElement).files!));
});
// Everywhere: a file that misses the frame would replace the page.
addEventListener('dragover', (event) => {
  event.preventDefault();
  drop.classList.toggle('over', drop.contains(event.target as Node));
});
addEventListener('drop', (event) => {
  event.preventDefault();
  drop.classList.remove('over');
  if (drop.contains(event.target as Node) && event.dataTransfer) void choose(droppedFiles(event.dataTransfer));
});

form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (!chosen) return;
  find('tbody').replaceChildren();
  find('#log').textContent = find('#files').textContent = '';
  worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }: MessageEvent<Answer>) => show(data);
  worker.onerror = ({ message }) => {
    print(`The worker stopped: ${message}`);
    finish('Failed.');
  };
  worker.postMessage({ ...chosen, recipe: recipe.value, changes: changes.value } satisfies TrainRequest);
  find('#pace').textContent = 'Planning …';
  allow();
});
stop.addEventListener('click', () => {
  stop.disabled = true;
  worker?.postMessage('stop');
});

function finish(text: string): void {
  find('#pace').textContent = text;
  worker?.terminate();
  worker = undefined;
  allow();
}

function print(line: string): void {
  find('#log').append(`${line}\n`);
}

function show(answer: Answer): void {
  if ('line' in answer) print(answer.line);
  else if ('event' in answer) showEvent(answer.event);
  else if ('content' in answer) showFile(answer.name, answer.content);
  else finish(answer.done ? 'Done.' : 'Failed.');
}

function showEvent(event: TrainEvent): void {
  if (event.event === 'start') {
    const { train_images, val_images, device, peak_bytes } = event;
    print(`${train_images} photos train, ${val_images} validate, on ${device}, ${Math.round(peak_bytes / 1e6)} MB.`);
  } else if (event.event === 'step') {
    const { epoch, batch, batches, loss, images_per_second } = event;
    Object.assign(find<HTMLProgressElement>('progress'), { value: batch, max: batches });
    find('#pace').textContent =
      `Epoch ${epoch}, batch ${batch} of ${batches}: loss ${loss.toFixed(4)}, ${images_per_second.toFixed(0)} images/s`;
  } else if (event.event === 'epoch') {
    const { epoch, train_loss, train_top1, val_loss, val_top1, images_per_second, skipped } = event;
    const percent = (value: number) => `${value.toFixed(1)} %`;
    const losses = [train_loss.toFixed(4), percent(train_top1), val_loss.toFixed(4), percent(val_top1)];
    const row = find<HTMLTableElement>('table').tBodies[0].insertRow();
    for (const text of [`${epoch}`, ...losses, images_per_second.toFixed(0)]) row.insertCell().textContent = text;
    find<HTMLTableElement>('table').hidden = false;
    if (skipped > 0) print(`Epoch ${epoch}: ${skipped} files could not be read.`);
  } else if (event.event === 'interrupted') print('Stopped.');
}

function showFile(name: string, content: Uint8Array<ArrayBuffer>): void {
  const types: Record<string, string> = { svg: 'image/svg+xml', html: 'text/html' };
  const type = types[name.split('.').at(-1)!] ?? 'application/octet-stream';
  const url = URL.createObjectURL(new Blob([content], { type }));
  if (name === 'curves.svg') {
    const image = find<HTMLImageElement>('#curves');
    URL.revokeObjectURL(image.src);
    Object.assign(image, { src: url, hidden: false });
    return;
  }
  const link = Object.assign(document.createElement('a'), { href: url, download: name, textContent: `Save ${name}` });
  find('#files').append(link);
}
