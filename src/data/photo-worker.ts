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
}

/** `damaged`: it is the file's fault. */
export type PhotoAnswer =
  | { readonly id: number; readonly pixels: Uint8Array }
  | { readonly id: number; readonly message: string; readonly damaged: boolean };

/** The host's side of a worker script: see `Platform.startWorker`. */
declare function receive(listener: (message: PhotoWorkerStart | PhotoJob) => void): void;
declare function send(message: PhotoAnswer): void;

let started: Promise<ImageTools & { readonly transform: ImageTransform }>;

async function start({ imaging, transform }: PhotoWorkerStart) {
  return { ...(await imageTools(imaging)), transform };
}

async function serve({ id, file, request }: PhotoJob): Promise<PhotoAnswer> {
  try {
    const { decoder, resize, transform } = await started;
    return { id, pixels: prepareImage(decoder, file, request, transform, resize).data };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { id, message, damaged: error instanceof FormatError };
  }
}

receive((message) => {
  if ('imaging' in message) started = start(message);
  else void serve(message).then(send);
});
