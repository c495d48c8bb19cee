import { FormatError } from '../utils/errors.js';
import { type ImageTools, imageTools } from './images/tools.js';
import { type ImageRequest, type ImageTransform, prepareImage } from './transforms/augment.js';

/** The first message to a worker. */
export interface PhotoWorkerStart {
  /** `imaging.wasm`, compiled. */
  readonly imaging: WebAssembly.Module;
  readonly transform: ImageTransform;
}

/** Every other message. */
export interface PhotoJob {
  readonly id: number;
  readonly file: Uint8Array;
  readonly request: ImageRequest;
  /** In shared memory: where the pixels go. Without it, the answer brings them. */
  readonly output?: Uint8Array;
}

/** `damaged`: it is the file's fault. `milliseconds`: what it took. */
export type PhotoAnswer = { readonly id: number; readonly milliseconds: number } & (
  | { readonly pixels?: Uint8Array }
  | { readonly message: string; readonly damaged: boolean }
);

/** The host's side of a worker script: see `Platform.startWorker`. */
declare function receive(listener: (message: PhotoWorkerStart | PhotoJob) => void): void;
declare function send(message: PhotoAnswer, transfer?: readonly ArrayBufferLike[]): void;
declare function cpuTime(): number;

let started: Promise<ImageTools & { readonly transform: ImageTransform }>;

async function start({ imaging, transform }: PhotoWorkerStart) {
  return { ...(await imageTools(imaging)), transform };
}

async function serve({ id, file, request, output }: PhotoJob): Promise<void> {
  let begin = cpuTime();
  try {
    const { decoder, resize, transform } = await started;
    begin = cpuTime();
    const { data } = prepareImage(decoder, file, request, transform, resize, output);
    const milliseconds = cpuTime() - begin;
    if (output) send({ id, milliseconds });
    else send({ id, milliseconds, pixels: data }, [data.buffer]);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    send({ id, milliseconds: cpuTime() - begin, message, damaged: error instanceof FormatError });
  }
}

receive((message) => {
  if ('imaging' in message) started = start(message);
  else void serve(message);
});
