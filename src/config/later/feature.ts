import * as z from 'zod';

export type Schemas = Readonly<Record<string, z.ZodType>>;

/** What makes the other keys of a feature matter. */
export interface Switch {
  readonly key: string;
  /** The value that turns it on; without it, any value but the default. */
  readonly is?: unknown;
}

/** Something that CVNets has and this library does not have yet, with the keys that belong to it. */
export interface Feature {
  /** Follows "needs": `mixed precision`. */
  readonly name: string;
  /** While it is off, the keys change nothing. Without a switch each key counts by itself. */
  readonly switch?: Switch;
  readonly keys: Schemas;
}

/** The same keys below a group. */
export function under(group: string, keys: Schemas): Schemas {
  return Object.fromEntries(Object.entries(keys).map(([name, schema]) => [`${group}.${name}`, schema]));
}

export const flag = () => z.boolean().default(false);
export const yes = () => z.boolean().default(true);
export const int = (value: number) => z.int().default(value);
export const real = (value: number) => z.number().default(value);
export const text = (value: string) => z.string().default(value);
export const choice = (value: string, others: readonly string[]) => z.enum([value, ...others]).default(value);
export const reals = (value: number[]) => z.array(z.number()).default(value);
export const ints = (value: number[]) => z.array(z.int()).default(value);
/** A key that is unset by default. */
export const unset = (type: z.ZodType) => type.nullable().default(null);

export const interpolations = ['nearest', 'bicubic', 'cubic', 'box', 'hamming', 'lanczos'];
