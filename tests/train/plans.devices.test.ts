import { afterAll, describe, expect, test } from 'vitest';
import { Evaluator } from '../../src/train/evaluator.js';
import { planRun, stepKinds } from '../../src/train/plans.js';
import { Steps } from '../../src/train/steps.js';
import { devices } from '../support/devices.js';
import { trainImages, valImages } from '../support/tiny-run.js';
import { averageRule, loaderOf, sgdRule, tinyTask } from '../support/tiny-task.js';

test('kinds of steps', () => {
  expect(stepKinds(1)).toEqual([{ first: true, last: true }]);
  expect(stepKinds(4)).toHaveLength(4);
});

describe.each(await devices())('$name', ({ engine }) => {
  afterAll(() => engine.close());

  test('a run is planned without touching the device, and needs the bytes that the plan says', async () => {
    const task = tinyTask();
    const options = {
      task,
      rule: sgdRule(task),
      average: averageRule(task),
      accumulation: { batches: 2, afterEpoch: 0, mode: 'mean' as const },
      loader: loaderOf(trainImages, 32, true),
      val: loaderOf(valImages, 32, false),
    };
    const before = engine.memory.bytes;
    const steps = new Steps({ ...options, engine, schedule: { lr: () => 0.1 } });
    const { programs, memory } = planRun(engine.device, options);
    expect(engine.memory.bytes).toBe(before);
    // 200 images are batches of 32 and one of 8, 70 are batches of 32 and one of 6.
    expect(programs.map(({ name, shape }) => `${name} ${shape.batch}`)).toEqual([
      'training 32',
      'training 8',
      'training, first of group 32',
      'training, first of group 8',
      'training, last 32',
      'training, last 8',
      'training, middle 32',
      'training, middle 8',
      'validation 32',
      'validation 6',
      'validation of the average 32',
      'validation of the average 6',
    ]);
    await steps.prepare();
    await new Evaluator(engine, task, options.val).prepare();
    await new Evaluator(engine, task, options.val, options.average).prepare();
    expect(memory.total).toBe(memory.states + memory.pool + memory.constants + memory.program);
    // Buffers that bring results back come with the first run.
    const back = programs.reduce((sum, { plan }) => {
      return sum + engine.device.readBackBytes([...plan.outputs.values()].map(({ bytes }) => bytes));
    }, 0);
    expect(engine.memory.bytes - before).toBe(memory.total - back);
  });
});
