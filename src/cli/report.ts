import pc from 'picocolors';
import type { TrainEvent } from '../train/events.js';
import { formatBytes, formatCount, formatRate, formatSeconds } from './format.js';

/** Where output goes: the process's streams, or a test's. */
export interface Output {
  readonly isTerminal: boolean;
  /** Width of the terminal: a longer line would wrap and could not be rewritten. */
  readonly columns?: number;
  write(text: string): void;
  writeError(text: string): void;
}

/** Shows what a run does. */
export interface Reporter {
  event(event: TrainEvent): void;
  /** Something that a user must not miss, such as a software adapter. */
  notice(message: string): void;
}

const LINE_EVERY_MS = 5000;
const LIVE_EVERY_MS = 100;
/** Share of an epoch from which waiting for data is worth a word. */
const LONG_WAIT = 0.05;

/** One JSON object a line; of the steps only every `logEvery`-th and the first. */
export function jsonReporter(output: Output, logEvery: number): Reporter {
  const print = (value: object) => output.write(`${JSON.stringify(value)}\n`);
  return {
    event(event) {
      if (event.event === 'validation') return;
      if (event.event === 'step' && event.batch !== 1 && event.batch % logEvery !== 0) return;
      print(event);
    },
    notice: (message) => print({ event: 'notice', message }),
  };
}

/**
 * For people: a line that is rewritten in place on a terminal, a line every few seconds elsewhere, and one that stays
 * for every epoch.
 */
export function textReporter(output: Output, title: string, now: () => number): Reporter {
  let epochs: number | null = null;
  let updates: number | null = null;
  let shown = Number.NEGATIVE_INFINITY;
  let live = false;

  const clear = () => {
    if (live) output.write('\r\u001b[K');
    live = false;
  };
  const line = (text: string) => {
    clear();
    output.write(`${text}\n`);
  };
  const progress = (text: string, force = false) => {
    const wait = output.isTerminal ? LIVE_EVERY_MS : LINE_EVERY_MS;
    if (!force && now() - shown < wait) return;
    shown = now();
    if (!output.isTerminal) return line(text);
    output.write(`\r\u001b[K${text.slice(0, (output.columns ?? 80) - 1)}`);
    live = true;
  };
  const numbered = (epoch: number) => (epochs === null ? `epoch ${epoch + 1}` : `epoch ${epoch + 1}/${epochs}`);

  return {
    event(event) {
      switch (event.event) {
        case 'start':
          ({ epochs, updates } = event);
          line(
            [
              pc.bold(title),
              `${formatCount(event.parameters)} parameters`,
              event.device,
              `${formatBytes(event.peak_bytes)} of memory`,
            ].join(' · '),
          );
          line(
            `${formatCount(event.train_images)} training and ${formatCount(event.val_images)} validation images` +
              `${event.reading ? `, ${event.reading}` : ''}`,
          );
          line(`run folder ${pc.cyan(event.run)}`);
          if (event.resumed_at)
            line(`goes on at epoch ${event.resumed_at.epoch + 1}, step ${event.resumed_at.batch + 1}`);
          break;
        case 'step':
          progress(
            [
              numbered(event.epoch),
              `step ${event.batch}/${event.batches}${updates === null ? '' : ` (update ${event.updates}/${updates})`}`,
              `loss ${event.loss.toFixed(4)}`,
              `lr ${formatRate(event.lr)}`,
              `${formatCount(event.images_per_second)} images/s`,
              `${formatSeconds(event.seconds_left)} left`,
            ].join('  '),
          );
          break;
        case 'validation':
          progress(`validation${event.ema ? ' of the average' : ''}  ${event.batch}/${event.batches}`);
          break;
        case 'epoch':
          line(
            [
              numbered(event.epoch),
              `loss ${event.train_loss.toFixed(4)}  top-1 ${event.train_top1.toFixed(2)}`,
              `val loss ${event.val_loss.toFixed(4)}  ${pc.bold(`top-1 ${event.val_top1.toFixed(2)}`)}  top-5 ${event.val_top5.toFixed(2)}`,
              ...(event.ema_top1 === undefined ? [] : [`average top-1 ${event.ema_top1.toFixed(2)}`]),
              `${formatCount(event.images_per_second)} images/s`,
              formatSeconds(event.seconds),
              ...(event.data_wait_seconds > LONG_WAIT * event.seconds
                ? [pc.yellow(`${((100 * event.data_wait_seconds) / event.seconds).toFixed(0)} % waiting for data`)]
                : []),
              ...(event.skipped > 0 ? [pc.yellow(`${event.skipped} unreadable files skipped`)] : []),
              ...(event.best ? [pc.green('best')] : []),
            ].join('  '),
          );
          break;
        case 'interrupted':
          line(`${pc.yellow('interrupted')}, saved. Go on with: ${pc.cyan(event.resume)}`);
          break;
        case 'finished':
          line(`already finished (${event.done} of ${event.of} ${event.unit})`);
          break;
        case 'end':
          line(
            `${pc.green('done')} in ${formatSeconds(event.seconds)}: top-1 ${event.val_top1.toFixed(2)} %, ` +
              `top-5 ${event.val_top5.toFixed(2)} %, loss ${event.val_loss.toFixed(4)}`,
          );
          line(`evaluate with: ${pc.cyan(`npx cvnets eval ${event.run}`)}`);
          break;
      }
    },
    notice(message) {
      clear();
      output.writeError(`${pc.yellow(pc.bold(message))}\n`);
    },
  };
}
