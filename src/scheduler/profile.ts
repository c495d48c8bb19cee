import type { LoadedProgram } from '../devices/device.js';
import type { PlanStep } from '../graph/plan.js';
import type { Program } from './program.js';

export interface StepTime {
  readonly step: PlanStep;
  /** Milliseconds, the best of all rounds. */
  readonly milliseconds: number;
}

/**
 * Times every step of a program by itself, in order, so that each finds the caches as in a real run. The program must
 * have run once, so that its memory holds real values; states move on as in real runs.
 */
export async function profile(program: Program, rounds: number, now: () => number): Promise<StepTime[]> {
  const { device } = program.states;
  const steps = program.boundSteps();
  const loaded: LoadedProgram[] = [];
  for (const step of steps) loaded.push(await device.load([step], `${program.plan.name}: ${step.node.op}`));
  const best = steps.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < rounds; round++) {
    for (const [i, part] of loaded.entries()) {
      const start = now();
      await part.run([], []);
      best[i] = Math.min(best[i], now() - start);
    }
  }
  for (const part of loaded) part.dispose();
  return best.map((milliseconds, i) => ({ step: program.plan.steps[i], milliseconds }));
}
