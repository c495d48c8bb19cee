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
declare function threadTime(): (() => number) | undefined;

interface Started extends ImageTools {
  readonly transform: ImageTransform;
  /** Milliseconds that the thread has worked since it was last asked. */
  readonly worked: (since: number) => number;
}

let started: Promise<Started>;

async function start({ imaging, transform }: PhotoWorkerStart): Promise<Started> {
  return { ...(await imageTools(imaging)), transform, worked: workClock(threadTime()) };
}

/**
 * CPU time is counted from answer to answer, because a host may not know it any finer: between two photos the thread
 * waits, and then it does. Without it, the clock runs from when a photo is begun.
 */
function workClock(cpu: (() => number) | undefined): Started['worked'] {
  if (!cpu) return (since) => performance.now() - since;
  let before = cpu();
  return () => {
    const now = cpu();
    const worked = now - before;
    before = now;
    return worked;
  };
}

async function serve({ id, file, request, output }: PhotoJob): Promise<void> {
  const { decoder, resize, transform, worked } = await started;
  const begin = performance.now();
  try {
    const { data } = prepareImage(decoder, file, request, transform, resize, output);
    const milliseconds = worked(begin);
    if (output) send({ id, milliseconds });
    else send({ id, milliseconds, pixels: data }, [data.buffer]);
  } catch (error) {
    refuse(id, worked(begin), error);
  }
}

function refuse(id: number, milliseconds: number, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  send({ id, milliseconds, message, damaged: error instanceof FormatError });
}

receive((message) => {
  if ('imaging' in message) started = start(message);
  else serve(message).catch((error) => refuse(message.id, 0, error));
});
