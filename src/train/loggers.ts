import { concat, type Scalar, scalarsRecord, versionRecord } from '../formats/tensorboard.js';
import type { Files } from '../platform/platform.js';
import type { EpochResult } from './results.js';

/** Is told the results of every epoch; training waits until it has written them. */
export interface EpochLogger {
  epoch(result: EpochResult & { readonly ema_top1?: number }): Promise<void>;
}

/**
 * `events.out.tfevents.*` in the run folder: what TensorBoard draws, one scalar a metric, the step being the epoch. A
 * resumed run starts another file; TensorBoard shows both as one curve.
 */
export class TensorboardLogger implements EpochLogger {
  #path?: string;
  #content: Uint8Array = new Uint8Array(0);

  /** @param now seconds since 1970 */
  constructor(
    private readonly files: Files,
    private readonly folder: string,
    private readonly now: () => number = () => Date.now() / 1000,
  ) {}

  async epoch(result: EpochResult & { readonly ema_top1?: number }): Promise<void> {
    const time = this.now();
    if (this.#path === undefined) {
      this.#path = await this.#freePath(Math.floor(time));
      this.#content = versionRecord(time);
    }
    this.#content = concat(this.#content, scalarsRecord(time, result.epoch, scalarsOf(result)));
    await this.files.write(this.#path, this.#content);
  }

  async #freePath(second: number): Promise<string> {
    for (let s = second; ; s++) {
      const path = `${this.folder}/events.out.tfevents.${`${s}`.padStart(10, '0')}.cvnets`;
      if (!(await this.files.exists(path))) return path;
    }
  }
}

function scalarsOf(result: EpochResult & { readonly ema_top1?: number }): Scalar[] {
  const scalars: Record<string, number | undefined> = {
    'loss/train': result.train_loss,
    'loss/val': result.val_loss,
    'top1/train': result.train_top1,
    'top1/val': result.val_top1,
    'top1/val_ema': result.ema_top1,
    'top5/val': result.val_top5,
    lr: result.lr,
    images_per_second: result.images_per_second,
    'seconds/data_wait': result.data_wait_seconds,
    'seconds/device_wait': result.device_wait_seconds,
    'seconds/decode': result.decode_seconds,
  };
  return Object.entries(scalars).flatMap(([tag, value]) => (value === undefined ? [] : [{ tag, value }]));
}
