import { describe, expect, test } from 'vitest';
import { jsonReporter, type Output, textReporter } from '../../src/cli/report.js';
import type { TrainEvent } from '../../src/train/events.js';

function record(isTerminal: boolean): Output & { text: string; errors: string } {
  return {
    isTerminal,
    text: '',
    errors: '',
    write(text) {
      this.text += text;
    },
    writeError(text) {
      this.errors += text;
    },
  };
}

const step = (batch: number): TrainEvent => ({
  event: 'step',
  epoch: 0,
  batch,
  batches: 600,
  updates: batch - 1,
  loss: 0.25,
  lr: 0.05,
  images_per_second: 2500,
  seconds_left: 65,
});

const epoch: TrainEvent = {
  event: 'epoch',
  best: true,
  skipped: 0,
  epoch: 0,
  updates: 600,
  lr: 0.05,
  train_loss: 0.3,
  train_top1: 91,
  val_loss: 0.1,
  val_top1: 98.5,
  val_top5: 99.9,
  images_per_second: 2500,
  seconds: 24,
  data_wait_seconds: 0,
  device_wait_seconds: 20,
  decode_seconds: 3,
};

describe('json', () => {
  test('one object a line, of the steps the first and every n-th', () => {
    const output = record(false);
    const reporter = jsonReporter(output, 100);
    for (let batch = 1; batch <= 300; batch++) reporter.event(step(batch));
    reporter.event({ event: 'validation', batch: 1, batches: 2, ema: false });
    reporter.event(epoch);
    reporter.notice('SOFTWARE ADAPTER');
    const lines = output.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ event, batch }) => [event, batch])).toEqual([
      ['step', 1],
      ['step', 100],
      ['step', 200],
      ['step', 300],
      ['epoch', undefined],
      ['notice', undefined],
    ]);
  });
});

describe('text', () => {
  test('a terminal gets one line that is rewritten', () => {
    const output = record(true);
    let now = 0;
    const reporter = textReporter(output, 'train', () => now);
    for (let batch = 1; batch <= 10; batch++) {
      reporter.event(step(batch));
      now += 50;
    }
    expect(output.text).not.toContain('\n');
    expect(output.text.split('\r')).toHaveLength(6);
    expect(output.text).toContain('step 9/600  loss 0.2500  lr 0.05  2,500 images/s  01:05 left');
    reporter.event(epoch);
    expect(output.text.split('\r').at(-1)).toMatch(/epoch 1 .*98\.50.*\n$/);
  });

  test('an epoch tells when much of it was waiting for data', () => {
    const output = record(false);
    const reporter = textReporter(output, 'train', () => 0);
    reporter.event(epoch);
    expect(output.text).not.toContain('waiting');
    reporter.event({ ...epoch, data_wait_seconds: 6 });
    expect(output.text).toContain('25 % waiting for data');
  });

  test('a line is never wider than the terminal', () => {
    const output = { ...record(true), columns: 30 };
    textReporter(output, 'train', () => 0).event(step(1));
    expect(output.text).toMatch(/^\r.{3}epoch 1 {2}step 1\/600 {2}loss 0.2$/);
  });

  test('elsewhere there is a line every few seconds', () => {
    const output = record(false);
    let now = 0;
    const reporter = textReporter(output, 'train', () => now);
    for (let batch = 1; batch <= 100; batch++) {
      reporter.event(step(batch));
      now += 200;
    }
    expect(output.text.trimEnd().split('\n')).toHaveLength(4);
    expect(output.text).not.toContain('\r');
  });

  test('notices are loud and apart', () => {
    const output = record(true);
    textReporter(output, 'train', () => 0).notice('SOFTWARE ADAPTER');
    expect(output.errors).toContain('SOFTWARE ADAPTER');
    expect(output.text).toBe('');
  });
});
