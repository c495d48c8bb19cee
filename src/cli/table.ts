import Table from 'cli-table3';
import pc from 'picocolors';

/** An empty table; colours are picocolors' business, which knows whether there is a terminal. */
export function makeTable(head: readonly string[], aligns: readonly ('left' | 'right')[]): Table.Table {
  return new Table({
    head: head.map((title) => pc.bold(title)),
    colAligns: [...aligns],
    style: { head: [], border: [], compact: true },
  });
}
