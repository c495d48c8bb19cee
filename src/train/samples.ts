import type { ImageBatch } from '../data/batch.js';

/** A validation image with a wrong answer, and the pixels as the network saw them. */
export interface Mistake {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** [height, width, channels]. */
  readonly pixels: Uint8Array;
  readonly target: number;
  readonly predicted: number;
  /** Softmax of the prediction. */
  readonly probability: number;
  /** -log of the softmax of the target. */
  readonly loss: number;
}

/** What an evaluation learns about single images: who is taken for whom, and the worst mistakes. */
export class SampleStatistics {
  /** [target, predicted] counts. */
  readonly confusion: Uint32Array;
  /** Largest loss first; of equal ones the earlier image. */
  readonly mistakes: Mistake[] = [];

  /** @param keep how many mistakes are remembered */
  constructor(
    readonly classes: number,
    readonly keep = 40,
  ) {
    this.confusion = new Uint32Array(classes * classes);
  }

  /** @param logits [N, classes]. Images whose target is no class (an ignored one) are left out. */
  add({ size, height, width, channels, image, target: targets }: ImageBatch, logits: ArrayLike<number>): void {
    const { classes, confusion, mistakes } = this;
    const bytes = height * width * channels;
    for (let i = 0; i < size; i++) {
      const target = targets[i];
      if (target < 0 || target >= classes) continue;
      const { predicted, logSum, most } = judge(logits, i * classes, classes);
      confusion[target * classes + predicted]++;
      const loss = logSum + most - logits[i * classes + target];
      if (predicted === target || !Number.isFinite(loss)) continue;
      if (mistakes.length === this.keep && loss <= mistakes[this.keep - 1].loss) continue;
      const pixels = image.slice(i * bytes, (i + 1) * bytes);
      const mistake = { height, width, channels, pixels, target, predicted, probability: Math.exp(-logSum), loss };
      const place = mistakes.findIndex((other) => other.loss < loss);
      mistakes.splice(place < 0 ? mistakes.length : place, 0, mistake);
      mistakes.length = Math.min(mistakes.length, this.keep);
    }
  }
}

/** The first largest logit, and log Σ exp(logit - largest). */
function judge(logits: ArrayLike<number>, start: number, classes: number) {
  let predicted = 0;
  for (let c = 1; c < classes; c++) if (logits[start + c] > logits[start + predicted]) predicted = c;
  const most = logits[start + predicted];
  let sum = 0;
  for (let c = 0; c < classes; c++) sum += Math.exp(logits[start + c] - most);
  return { predicted, most, logSum: Math.log(sum) };
}
