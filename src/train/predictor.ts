import { softmax } from '../ops/softmax.js';
import { type Engine, trace } from '../scheduler/engine.js';
import type { Program } from '../scheduler/program.js';
import { input, scalar } from '../tensor/tensor.js';
import { usedScalars } from './programs.js';
import type { Task } from './task.js';

export interface Prediction {
  /** Index of the class. */
  readonly index: number;
  readonly probability: number;
}

/** Answers for single images with the weights that the engine holds. */
export class Predictor {
  private constructor(private readonly program: Program) {}

  /** @param image channels and size of the images that will come */
  static async create(
    engine: Engine,
    task: Task,
    { channels, height, width }: { channels: number; height: number; width: number },
  ): Promise<Predictor> {
    const traced = trace(() => {
      const image = input('image', [1, channels, height, width], 'u8');
      return { probabilities: softmax(task.logits(image, { training: false, counter: scalar('counter', 'u32') })) };
    });
    return new Predictor(await engine.compile('predict', { ...traced, writes: new Map() }));
  }

  /**
   * @param image bytes [height, width, channels]
   * @returns the `count` most likely classes, the most likely first; of equal ones the lower index
   */
  async predict(image: Uint8Array, count: number): Promise<Prediction[]> {
    const scalars = usedScalars(this.program, { counter: 0 });
    const { probabilities } = await this.program.run({ inputs: { image }, scalars });
    const all = Array.from(probabilities, (probability, index) => ({ index, probability }));
    return all.sort((a, b) => b.probability - a.probability || a.index - b.index).slice(0, count);
  }
}
