import type { Platform, WorkerHandle } from '../platform/platform.js';
import { CvnetsError, FormatError } from '../utils/errors.js';
import { Slots } from '../utils/slots.js';
import type { PhotoReader } from './photo-reader.js';
import type { PhotoAnswer, PhotoJob, PhotoWorkerStart } from './photo-worker.js';
import type { ImageRequest, ImageTransform } from './transforms/augment.js';

/** Files that a worker has: one that it decodes, and one that it finds when it is done. */
const FILES_PER_WORKER = 2;

interface Pending {
  readonly output: Uint8Array;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Reads photos on worker threads, which start with the first one. Which of them reads a photo changes no byte. They
 * write into shared memory where there is some; else they send the pixels, which are copied once.
 */
export class PhotoPool implements PhotoReader {
  readonly shared: boolean;
  readonly #workers: WorkerHandle[] = [];
  readonly #pending = new Map<number, Pending>();
  #slots?: Promise<Slots<WorkerHandle>>;
  #jobs = 0;
  #decodeMilliseconds = 0;
  #failure?: Error;

  constructor(
    readonly platform: Pick<Platform, 'files' | 'readAsset' | 'startWorker' | 'sharedMemory'>,
    readonly transform: ImageTransform,
    readonly threads: number,
  ) {
    this.shared = platform.sharedMemory;
  }

  get description(): string {
    const how = this.shared ? 'into shared memory' : 'whose pixels are copied once, as this page has no shared memory';
    return `read by ${this.threads} thread${this.threads === 1 ? '' : 's'} ${how}`;
  }

  get decodeMilliseconds(): number {
    return this.#decodeMilliseconds;
  }

  async read(path: string, request: ImageRequest, output: Uint8Array): Promise<void> {
    this.#slots ??= this.#start();
    const slots = await this.#slots;
    return slots.use(async (worker) => {
      const file = await this.platform.files.read(path);
      if (this.#failure) throw this.#failure;
      const id = this.#jobs++;
      return new Promise<void>((resolve, reject) => {
        this.#pending.set(id, { output, resolve, reject });
        const job: PhotoJob = { id, file, request, output: this.shared ? output : undefined };
        worker.post(job, [file.buffer]);
      });
    });
  }

  /** Ends the workers at once; what they were reading fails. */
  async close(): Promise<void> {
    await this.#slots?.catch(() => {});
    this.#fail(new CvnetsError('the photo reader is closed'));
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  async #start(): Promise<Slots<WorkerHandle>> {
    const script = new TextDecoder().decode(await this.platform.readAsset('photo-worker.js'));
    const imaging = await WebAssembly.compile((await this.platform.readAsset('imaging.wasm')) as BufferSource);
    for (let thread = 0; thread < this.threads; thread++) {
      const worker = this.platform.startWorker(script, `cvnets photos ${thread}`);
      worker.onMessage((message) => this.#settle(message as PhotoAnswer));
      worker.onError((error) => {
        this.#fail(new CvnetsError(`a thread that reads photos stopped: ${error.message}`, 'set dataset.workers: 0'));
      });
      worker.post({ imaging, transform: this.transform } satisfies PhotoWorkerStart);
      this.#workers.push(worker);
    }
    return new Slots(Array.from({ length: FILES_PER_WORKER }, () => this.#workers).flat());
  }

  #settle(answer: PhotoAnswer): void {
    this.#decodeMilliseconds += answer.milliseconds;
    const job = this.#pending.get(answer.id);
    if (!job) return;
    this.#pending.delete(answer.id);
    if ('message' in answer) {
      job.reject(answer.damaged ? new FormatError(answer.message) : new CvnetsError(answer.message));
    } else {
      if (answer.pixels) job.output.set(answer.pixels);
      job.resolve();
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
  }
}
