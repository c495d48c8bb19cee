import { PlanError } from '../utils/errors.js';
import type { ProgramTrace } from './lower.js';
import { checkpointChoices, savedTensors } from './passes/checkpoints.js';
import { recompute, splitPasses } from './passes/recompute.js';
import type { Plan } from './plan.js';

/** What fitting a plan into a memory budget costs. */
export interface RecomputePrice {
  /** Bytes and floating-point operations of the plan that holds every activation. */
  readonly peak: number;
  readonly flops: number;
}

/** Shares of the saved bytes that one segment may bring back at once, tried in turn. */
const SEGMENT_SHARES = [1 / 2, 1 / 4, 1 / 8];

/** Of each series of plans, how many of the last are looked at for the smallest. */
const MOST_RECOMPUTED = 4;

export const planFlops = ({ steps }: Plan): number => steps.reduce((sum, { flops }) => sum + flops, 0);

/**
 * The cheapest plan found that needs at most `budget` bytes: activations are computed again in the backward pass, as
 * many as it takes. `whole` is the plan that computes nothing twice. Throws PlanError with the smallest peak found when
 * even that is above the budget.
 */
export function planWithin(
  whole: Plan,
  trace: ProgramTrace,
  budget: number,
  build: (trace: ProgramTrace) => Plan,
): Plan {
  if (whole.memory.total <= budget) return whole;
  const passes = splitPasses(trace);
  const saved = [...savedTensors(passes)].reduce((sum, { shape }) => sum + 4 * shape.reduce((n, d) => n * d, 1), 0);
  const rows = SEGMENT_SHARES.map((share) =>
    checkpointChoices(passes, saved * share).map((dropped) => () => build(recompute(trace, dropped))),
  );
  let best: Plan | undefined;
  for (const plans of rows) {
    const plan = firstThat(plans, ({ memory }) => memory.total <= budget);
    if (plan && (!best || planFlops(plan) < planFlops(best))) best = plan;
  }
  best ??= smallestOf(rows.flatMap((plans) => plans.slice(-MOST_RECOMPUTED).map((plan) => plan()))) ?? whole;
  const { total } = best.memory;
  if (total <= budget) return { ...best, recomputed: { peak: whole.memory.total, flops: planFlops(whole) } };
  throw new PlanError(
    `${whole.name} needs at least ${Math.min(total, whole.memory.total)} bytes when activations are computed again, the budget is ${budget}`,
    'raise memory.budget, or use a smaller batch, resolution or width',
  );
}

function smallestOf(plans: readonly Plan[]): Plan | undefined {
  return [...plans].sort((a, b) => a.memory.total - b.memory.total)[0];
}

/** The first of `plans` that fits, provided that those after it do, too: bisection. */
function firstThat(plans: readonly (() => Plan)[], fits: (plan: Plan) => boolean): Plan | undefined {
  let found: Plan | undefined;
  let low = 0;
  let high = plans.length - 1;
  if (high < 0) return undefined;
  const last = plans[high]();
  if (fits(last)) found = last;
  while (low < high) {
    const middle = (low + high) >> 1;
    const plan = plans[middle]();
    if (fits(plan)) {
      found = plan;
      high = middle;
    } else low = middle + 1;
  }
  return found;
}
