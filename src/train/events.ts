import type { EpochResult } from './results.js';

/** What a run tells while it goes. The trainer prints nothing: a terminal, a page or a log listens. */
export type TrainEvent =
  | {
      readonly event: 'start';
      readonly run: string;
      readonly device: string;
      readonly parameters: number;
      readonly train_images: number;
      readonly val_images: number;
      /** Who reads the training images and how they come to the device, when that is told. */
      readonly reading: string | null;
      readonly epochs: number | null;
      readonly updates: number | null;
      /** Bytes that all plans together need, known before the first step. */
      readonly peak_bytes: number;
      readonly resumed_at: { readonly epoch: number; readonly batch: number } | null;
    }
  | {
      readonly event: 'step';
      readonly epoch: number;
      /** Batches of this epoch that are done, and all of them. */
      readonly batch: number;
      readonly batches: number;
      readonly updates: number;
      readonly loss: number;
      readonly lr: number;
      readonly images_per_second: number;
      /** Seconds to the end of the run at this pace, without validation. */
      readonly seconds_left: number;
    }
  | { readonly event: 'validation'; readonly batch: number; readonly batches: number; readonly ema: boolean }
  | ({
      readonly event: 'epoch';
      readonly best: boolean;
      readonly ema_top1?: number;
      /** Files that could not be read so far; skipped.csv lists them. */
      readonly skipped: number;
    } & EpochResult)
  | {
      /** A run that is resumed although nothing is left of it. */
      readonly event: 'finished';
      readonly run: string;
      readonly done: number;
      readonly of: number;
      readonly unit: 'epochs' | 'updates';
    }
  | { readonly event: 'interrupted'; readonly run: string; readonly resume: string }
  | ({ readonly event: 'end'; readonly run: string } & RunSummary);

export interface RunSummary {
  readonly epochs: number;
  readonly updates: number;
  readonly val_loss: number;
  readonly val_top1: number;
  readonly val_top5: number;
  readonly best: number;
  readonly seconds: number;
}

export type TrainListener = (event: TrainEvent) => void;
