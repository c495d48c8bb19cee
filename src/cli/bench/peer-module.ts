import type { fillWith } from './fill.js';
import type { fingerprint } from './fingerprint.js';
import type { Library } from './runner.js';
import type { BenchTask } from './side.js';

/** What a peer's module is given: nothing of ours but the data and the way results are compared. */
export interface PeerTools {
  readonly device: 'cpu' | 'webgpu';
  readonly threads: number;
  /** Of the peers' packages, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** The network of a case of the suite `models`, as `cvnets export` writes it. */
  onnxModel(task: BenchTask): Promise<Uint8Array>;
  readonly fillWith: typeof fillWith;
  readonly fingerprint: typeof fingerprint;
}

/** A file `bench/*.mjs`: runs described graphs in a library that is installed beside it. Hosts: Node and pages. */
export interface PeerModule {
  open(tools: PeerTools): Promise<Library>;
}
