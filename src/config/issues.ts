import * as z from 'zod';

/** What a value of a key must be, in words for people. */
const needs: Readonly<Record<string, string>> = {
  number: 'a number',
  integer: 'a whole number',
  int: 'a whole number',
  boolean: 'true or false',
  string: 'text',
  array: 'a list',
};

/** Says what is wrong with a value that its schema refused. */
export function describeIssues(schema: z.ZodType, value: unknown, issues: readonly z.core.$ZodIssue[]): string {
  return issues.map((issue) => describeIssue(schema, value, issue)).join('; ');
}

function describeIssue(schema: z.ZodType, value: unknown, issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_type') return issue.message;
  // An option without a value reads as true.
  if (value === true) return 'needs a value';
  const { expected, path } = issue;
  const wanted = needs[expected === 'number' && isWhole(schema) ? 'integer' : expected];
  if (!wanted) return issue.message;
  const which = path.length > 0 ? `element ${path.map((index) => Number(index) + 1).join('.')} ` : '';
  return `${which}needs ${wanted}${expected === 'array' ? listHint(value) : ''}`;
}

/** True for whole numbers and for lists of them. */
function isWhole(schema: z.ZodType): boolean {
  const { type, anyOf, items } = z.toJSONSchema(schema, { io: 'input' });
  const parts = [{ type, items }, ...(anyOf ?? [])].filter((part) => typeof part === 'object');
  return parts.some(({ type, items }) => {
    const element = typeof items === 'object' && !Array.isArray(items) ? items.type : undefined;
    return type === 'integer' || element === 'integer';
  });
}

/** `0.1,0.2` is text for YAML. */
function listHint(value: unknown): string {
  if (typeof value !== 'string' || !value.includes(',')) return '';
  const parts = value.split(',').map((part) => part.trim());
  return `, written "[${parts.join(', ')}]"`;
}
