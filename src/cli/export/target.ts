import type { InferenceModel } from '../../formats/inference/model.js';
import type { Verification } from '../../formats/inference/verify.js';
import type { CommandContext } from '../context.js';
import type { LoadedModel } from '../loaded-model.js';

export interface ExportJob {
  readonly context: CommandContext;
  readonly loaded: LoadedModel;
  /** What the options ask for: preprocessing, batch, size. */
  readonly model: InferenceModel;
  /** Where the result goes. */
  readonly out: string;
  readonly opset?: number;
  readonly fp16: boolean;
  /** Bytes of tensors above which they go to a file of their own. */
  readonly externalAbove?: number;
  readonly version: string;
  /** The Python that has coremltools. */
  readonly python?: string;
}

export interface ExportResult {
  /** Everything that was written. */
  readonly paths: readonly string[];
  readonly bytes: number;
  /** Such as `opset 18`, `101 nodes`. */
  readonly facts: readonly string[];
  /** Without one there is nothing to run: a file of weights. */
  readonly verification?: Verification;
}

export interface CheckResult {
  readonly facts: readonly string[];
  /** Everything that is wrong with the file, one line each. */
  readonly problems: readonly string[];
}

/** A format to export to. */
export interface ExportTarget {
  /** End of the file's name. */
  readonly extension: string;
  /** Takes one photo as it is, if not told otherwise: batch 1, preprocessing embedded. An open batch is refused. */
  readonly takesPhoto?: boolean;
  /**
   * Writes the file and, where it can be run, runs what lies on the disk. A file that fails keeps its temporary name,
   * which the verification's reason tells. Throws FormatError for what the format cannot say.
   */
  write(job: ExportJob): Promise<ExportResult>;
  /** Looks at a file of any origin. */
  check(context: CommandContext, path: string, options: Pick<ExportJob, 'python'>): Promise<CheckResult>;
}
