/** Bytes, bytes in parts, or a text. */
export type FileContent = Uint8Array | readonly Uint8Array[] | string;

/** The files of a run. Paths use `/`; relative ones start at the working directory (or at the page's address). */
export interface Files {
  /** The bytes are the caller's. Throws FormatError with the path when the file cannot be read. */
  read(path: string): Promise<Uint8Array>;
  /**
   * All or nothing: a reader, or a crash at any moment, sees the old content or the new one. Content may come in
   * parts, which are not joined in memory.
   */
  write(path: string, content: FileContent): Promise<void>;
  /** Gives a file another name in the same folder, in place of what is there. */
  rename(from: string, to: string): Promise<void>;
  /** Adds to the end and reaches the disk before it resolves. */
  append(path: string, text: string): Promise<void>;
  exists(path: string): Promise<boolean>;
  /** Names in a folder, sorted. */
  list(path: string): Promise<string[]>;
  /**
   * Makes a folder and its parents. Resolves to false when it was there already: exactly one of several processes
   * that ask for the same folder gets true.
   */
  makeFolder(path: string): Promise<boolean>;
  /** Removes a file; one that is not there is no error. */
  remove(path: string): Promise<void>;
}

/** A worker that runs a script of ours. Messages are structured clones; what is in `transfer` moves instead. */
export interface WorkerHandle {
  post(message: unknown, transfer?: readonly ArrayBufferLike[]): void;
  onMessage(listener: (message: unknown) => void): void;
  onError(listener: (error: Error) => void): void;
  /** Ends the worker wherever it is. */
  terminate(): Promise<void>;
}

/** Everything that differs between Node and a page. Entry points choose one and pass it down. */
export interface Platform {
  readonly name: 'node' | 'browser';
  /** Hardware threads that this process may use. */
  readonly cores: number;
  /** True when memory can be shared with workers: always in Node, in pages that are cross-origin isolated. */
  readonly sharedMemory: boolean;
  readonly files: Files;
  /** Milliseconds on a clock that never jumps back. */
  now(): number;
  /** A file that is built with the package, such as `kernels.wasm`. Throws DeviceError with the fix. */
  readAsset(name: string): Promise<Uint8Array>;
  /** The entry to WebGPU. Throws DeviceError that names the fix when there is none. */
  gpu(): Promise<GPU>;
  /**
   * Starts a worker on `source`, a self-contained classic script. In it, `receive(listener)` hands over every
   * message and `send(message, transfer)` answers; `threadTime()` gives a function that tells the milliseconds of CPU
   * time which the thread has used, or undefined. Nothing else but `performance` may be used of the host.
   */
  startWorker(source: string, name: string): WorkerHandle;
  /** Lets go of what would keep the process alive (Node: the Dawn instance). */
  close(): void;
}
