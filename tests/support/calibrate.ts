import { testImages } from '../../src/formats/inference/verify.js';
import { type Engine, trace } from '../../src/scheduler/engine.js';
import { channelsLast } from '../../src/tensor/layout.js';
import { input, scalar, type Tensor } from '../../src/tensor/tensor.js';
import { usedScalars } from '../../src/train/programs.js';
import type { TaskContext } from '../../src/train/task.js';

const STEPS = 25;

/**
 * Moves the running statistics of a network to those of its activations, as training does: with statistics that fit
 * nothing, the activations of a deep network grow or vanish, and float32 itself is no truth any more.
 */
export async function calibrate(
  engine: Engine,
  task: { logits(x: Tensor, context: TaskContext): Tensor },
  shape: readonly [number, number, number, number],
): Promise<void> {
  const traced = trace(() => {
    const x = input('image', shape, 'u8');
    return { logits: task.logits(x, { training: true, counter: scalar('counter', 'u32') }) };
  });
  const program = await engine.compile('calibrate', traced);
  const scalars = usedScalars(program, { counter: 0 });
  const image = channelsLast(testImages(shape), shape);
  for (let step = 0; step < STEPS; step++) await program.run({ inputs: { image }, scalars }, []);
  engine.release(program);
}
