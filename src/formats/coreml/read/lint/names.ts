import type { MilFunction } from '../../model.js';
import type { Report } from './lint.js';

/** Words of the language itself. */
const reserved = new Set(
  `any bool program func tensor list dict tuple true false string bf16 fp16 fp32 fp64 int4 int8 int16 int32 int64 uint1
  uint2 uint3 uint4 uint6 uint8 uint16 uint32 uint64 state`.split(/\s+/),
);

/** Every value and every operation has a name of its own, which is an identifier. */
export function lintNames({ inputs, operations }: MilFunction, report: Report): void {
  const values = [...inputs, ...operations.flatMap(({ outputs }) => outputs)].map(({ name }) => name);
  const named = operations.flatMap(({ attributes, outputs }) => {
    const value = attributes.name;
    if (value && 'data' in value && typeof value.data[0] === 'string') return [value.data[0]];
    report(`the operation that computes ${outputs[0]?.name} has no name`);
    return [];
  });
  for (const [kind, names] of [
    ['value', values],
    ['operation', named],
  ] as const) {
    const seen = new Set<string>();
    for (const name of names) {
      if (seen.has(name)) report(`${kind} ${name} is there twice`);
      seen.add(name);
      if (!/^[A-Za-z_][A-Za-z0-9_@]*$/.test(name)) report(`${kind} ${JSON.stringify(name)} is no identifier`);
      if (reserved.has(name)) report(`${kind} ${name} is a word of the language`);
    }
  }
}
