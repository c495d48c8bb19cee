import { hostPlatform, type TrainEvent } from 'cvnets';
import type { ChosenFiles } from './files.js';
import { train } from './train.js';

/** The page sends one of these to train, and `'stop'` to end early. */
export interface TrainRequest extends ChosenFiles {
  readonly recipe: string;
  readonly changes: string;
}

export type Answer =
  | { readonly line: string }
  | { readonly event: TrainEvent }
  /** Files of the run folder that are worth keeping, once at the end; `curves.svg` after every epoch. */
  | { readonly name: string; readonly content: Uint8Array<ArrayBuffer> }
  | { readonly done: boolean };

const abort = new AbortController();
const post = (answer: Answer): void => postMessage(answer);

addEventListener('message', async ({ data }: MessageEvent<TrainRequest | 'stop'>) => {
  if (data === 'stop') return abort.abort();
  const { files, root, recipe, changes } = data;
  // The package's files lie in the folder above this page.
  const platform = hostPlatform(new URL('../', location.href), files);
  const send = async (name: string, path: string) => {
    if (await platform.files.exists(path)) post({ name, content: Uint8Array.from(await platform.files.read(path)) });
  };
  let run = '';
  const emit = (event: TrainEvent) => {
    post({ event });
    if (event.event === 'start') run = event.run;
    if (event.event === 'epoch') void send('curves.svg', `${run}/curves.svg`);
  };
  try {
    const announce = (line: string) => post({ line });
    const folder = await train(platform, { recipe, changes, root, signal: abort.signal, announce, emit });
    await send('report.html', folder.reportPath);
    await send('weights.safetensors', `${folder.checkpointsPath}/checkpoint_best.safetensors`);
    post({ done: true });
  } catch (error) {
    post({ line: error instanceof Error ? error.message : String(error) });
    post({ done: false });
  }
});
