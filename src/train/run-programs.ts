import { Evaluator } from './evaluator.js';
import { Steps, type StepsOptions } from './steps.js';

export interface RunProgramsOptions extends StepsOptions {
  readonly val: StepsOptions['loader'];
}

/** All programs of a run. Prepared before the run has a folder, a network that cannot be built leaves none behind. */
export class RunPrograms {
  readonly steps: Steps;
  readonly evaluator: Evaluator;
  readonly emaEvaluator?: Evaluator;

  constructor(options: RunProgramsOptions) {
    const { engine, task, val, average } = options;
    this.steps = new Steps(options);
    this.evaluator = new Evaluator(engine, task, val);
    if (average) this.emaEvaluator = new Evaluator(engine, task, val, average);
  }

  /** Makes the plans for all batch shapes; those that are there already are kept. */
  async prepare(): Promise<void> {
    await this.steps.prepare();
    await this.evaluator.prepare();
    await this.emaEvaluator?.prepare();
  }
}
