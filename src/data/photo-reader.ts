import type { Files } from '../platform/platform.js';
import { Slots } from '../utils/slots.js';
import type { ImageTools } from './images/tools.js';
import { type ImageRequest, type ImageTransform, prepareImage } from './transforms/augment.js';

/** Turns a photo's file into pixels of the size that is asked for. */
export interface PhotoReader {
  /** For people: who reads, and how pixels travel. */
  readonly description: string;
  /** Whether `read` should be given shared memory, which other threads then write into. */
  readonly shared: boolean;
  /**
   * Milliseconds that reading has taken of the threads so far, all of them together: of their CPU time where the host
   * tells it, else of the clock.
   */
  readonly decodeMilliseconds: number;
  /**
   * Writes pixels as H,W,C bytes into `output`, which is that long. Throws FormatError when the file cannot be read;
   * what `output` then holds is not defined. Nothing is written after the promise has settled.
   */
  read(path: string, request: ImageRequest, output: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Reads on the calling thread, a few files ahead of the one that is decoded. */
export function inlineReader(files: Files, { decoder, resize }: ImageTools, transform: ImageTransform): PhotoReader {
  const slots = new Slots([1, 2, 3, 4]);
  let decodeMilliseconds = 0;
  return {
    description: 'read by the calling thread',
    shared: false,
    get decodeMilliseconds() {
      return decodeMilliseconds;
    },
    read: (path, request, output) =>
      slots.use(async () => {
        const file = await files.read(path);
        const start = performance.now();
        prepareImage(decoder, file, request, transform, resize, output);
        decodeMilliseconds += performance.now() - start;
      }),
    close: async () => {},
  };
}
