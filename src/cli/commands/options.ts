import * as z from 'zod';
import { keyNames, keys } from '../../config/keys/index.js';
import type { CommandContext } from '../context.js';

/** Every key of a recipe with its default, what it takes and what it means. */
export async function options({ output }: CommandContext, prefix: string | undefined, json?: boolean): Promise<void> {
  const chosen = keyNames.filter((name) => name.startsWith(prefix ?? ''));
  for (const name of chosen) {
    const { default: fallback, description, ...accepts } = z.toJSONSchema(keys[name], { io: 'input' });
    if (json) output.write(`${JSON.stringify({ key: name, default: fallback ?? null, description })}\n`);
    else output.write(`${name}: ${JSON.stringify(fallback ?? null)}\n    ${description} (${accepted(accepts)})\n`);
  }
}

function accepted({
  enum: choices,
  type,
  anyOf,
  minimum,
  exclusiveMinimum,
  maximum,
  exclusiveMaximum,
}: z.core.JSONSchema.BaseSchema): string {
  if (choices) return choices.map((choice) => `${choice}`).join(', ');
  if (anyOf) return anyOf.map((one) => (typeof one === 'object' ? accepted(one) : `${one}`)).join(' or ');
  const low = minimum ?? (exclusiveMinimum === undefined ? undefined : `above ${exclusiveMinimum}`);
  const high = exclusiveMaximum === undefined ? maximum : `below ${exclusiveMaximum}`;
  const isReal = (bound: unknown) =>
    bound !== undefined && bound !== Number.MAX_SAFE_INTEGER && bound !== -Number.MAX_SAFE_INTEGER;
  const bounds = [isReal(low) && `from ${low}`, isReal(high) && `to ${high}`].filter(Boolean).join(' ');
  return [type, bounds].filter(Boolean).join(' ').replace('from above', 'above').replace('to below', 'below');
}
