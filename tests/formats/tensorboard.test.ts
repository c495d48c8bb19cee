import { describe, expect, test } from 'vitest';
import { crc32c } from '../../src/formats/crc.js';
import { maskedCheck, record, scalarsRecord, versionRecord } from '../../src/formats/tensorboard.js';
import { memoryFiles } from '../../src/platform/memory-files.js';
import { TensorboardLogger } from '../../src/train/loggers.js';
import { readEvents } from '../support/tfevents.js';

const hex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

describe('event files', () => {
  test('checks are masked as in the format', () => {
    const bytes = new TextEncoder().encode('123456789');
    expect(crc32c(bytes)).toBe(0xe3069283);
    // rotate right by 15, then add 0xa282ead8, worked out by hand
    expect(maskedCheck(bytes)).toBe((0x2507c60d + 0xa282ead8) % 2 ** 32);
  });

  test('the record of a known Event', () => {
    // wall_time 1.5, step 300, summary { value { tag: "a" simple_value: 2 } }
    expect(hex(scalarsRecord(1.5, 300, [{ tag: 'a', value: 2 }]))).toContain(
      '09000000000000f83f' + '10ac02' + '2a0a' + '0a08' + '0a0161' + '1500000040',
    );
    expect(hex(versionRecord(0))).toContain('1a0d627261696e2e4576656e743a32');
    expect(record(new Uint8Array(3)).length).toBe(8 + 4 + 3 + 4);
  });

  test('come back from a reader of their own', () => {
    const events = readEvents(
      scalarsRecord(1e9 + 0.25, 2 ** 40 + 5, [
        { tag: 'loss/träin', value: 0.5 },
        { tag: 'none', value: Number.NaN },
      ]),
    );
    expect(events).toEqual([
      { wallTime: 1e9 + 0.25, step: 2 ** 40 + 5, scalars: { 'loss/träin': 0.5, none: Number.NaN } },
    ]);
  });
});

describe('logger', () => {
  const row = (epoch: number) => ({
    epoch,
    updates: 10 * (epoch + 1),
    lr: 0.25,
    train_loss: 1.5,
    train_top1: 50,
    val_loss: 1.25,
    val_top1: 62.5,
    val_top5: 100,
    images_per_second: 1000,
    seconds: 2,
    data_wait_seconds: 0.5,
    device_wait_seconds: 1,
    decode_seconds: 0.25,
  });

  test('one event an epoch; another file when a run goes on', async () => {
    const files = memoryFiles();
    const logger = new TensorboardLogger(files, 'run', () => 1_700_000_000.5);
    await logger.epoch(row(0));
    await logger.epoch({ ...row(1), ema_top1: 75 });
    const [name] = await files.list('run');
    expect(name).toBe('events.out.tfevents.1700000000.cvnets');
    const [version, first, second] = readEvents(await files.read(`run/${name}`));
    expect(version).toEqual({ wallTime: 1_700_000_000.5, fileVersion: 'brain.Event:2', step: 0, scalars: {} });
    expect(first).toEqual({
      wallTime: 1_700_000_000.5,
      step: 0,
      scalars: {
        'loss/train': 1.5,
        'loss/val': 1.25,
        'top1/train': 50,
        'top1/val': 62.5,
        'top5/val': 100,
        lr: 0.25,
        images_per_second: 1000,
        'seconds/data_wait': 0.5,
        'seconds/device_wait': 1,
        'seconds/decode': 0.25,
      },
    });
    expect(second).toMatchObject({ step: 1, scalars: { 'top1/val_ema': 75 } });

    await new TensorboardLogger(files, 'run', () => 1_700_000_000).epoch(row(2));
    expect(await files.list('run')).toEqual([name, 'events.out.tfevents.1700000001.cvnets']);
  });
});
