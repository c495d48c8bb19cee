import type { LoadedProgram } from '../devices/device.js';
import type { PlanStep } from '../graph/plan.js';
import type { Program } from './program.js';

export interface StepTime {
  readonly step: PlanStep;
  /** Milliseconds: the sum of its kernels' times. */
  readonly milliseconds: number;
  readonly kernels: readonly KernelTime[];
}

export interface KernelTime {
  readonly name: string;
  /** Milliseconds, the best of all rounds. */
  readonly milliseconds: number;
}

/**
 * Times every kernel call of a program by itself, in order, so that each finds the caches as in a real run: with the
 * device's own timestamps where it has some, else by the clock. The program must have run once, so that its memory
 * holds real values; states move on as in real runs.
 */
export async function profile(program: Program, rounds: number, now: () => number): Promise<StepTime[]> {
  const { device } = program.states;
  const bound = program.boundSteps().map((step) => ({ ...step, calls: step.node.op === 'host' ? [] : step.calls }));
  const single = bound.flatMap((step) => step.calls.map((call) => ({ ...step, calls: [call] })));
  const whole = await device.load(bound, program.plan.name);
  const parts: LoadedProgram[] = [];
  if (!whole.time) for (const step of single) parts.push(await device.load([step], step.node.op));
  const best = single.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < rounds; round++) {
    const times = whole.time ? await whole.time() : await timeByClock(parts, now);
    times.forEach((milliseconds, i) => {
      best[i] = Math.min(best[i], milliseconds);
    });
  }
  for (const part of [whole, ...parts]) part.dispose();
  let next = 0;
  return bound.map(({ calls }, i) => {
    const kernels = calls.map((call) => ({ name: device.callName(call), milliseconds: best[next++] }));
    const milliseconds = kernels.reduce((sum, kernel) => sum + kernel.milliseconds, 0);
    return { step: program.plan.steps[i], milliseconds, kernels };
  });
}

async function timeByClock(parts: readonly LoadedProgram[], now: () => number): Promise<number[]> {
  const times: number[] = [];
  for (const part of parts) {
    const start = now();
    await part.run([], []);
    times.push(now() - start);
  }
  return times;
}
