import { describe, expect, test } from 'vitest';
import { startSide } from '../../../src/cli/bench/child.js';
import type { BenchTask } from '../../../src/cli/bench/side.js';

const task: BenchTask = {
  suite: 's',
  name: 'n',
  checks: 1,
  graph: { values: [], sources: [], nodes: [], outputs: [] },
};

/** A child that answers by `answers[method]`, a JavaScript expression over `parameter`. */
function child(answers: Readonly<Record<string, string>>, before = '') {
  const cases = Object.entries({ open: '{ name: "fake", adapter: "paper", software: false }', ...answers })
    .map(([method, expression]) => `${JSON.stringify(method)}: (parameter) => (${expression})`)
    .join(', ');
  const program = `
    ${before}
    const methods = { ${cases} };
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, method, parameter } = JSON.parse(line);
      let answer;
      try { answer = { id, result: methods[method](parameter) }; } catch ({ message }) { answer = { id, error: message }; }
      console.log(JSON.stringify(answer));
    });`;
  return { command: process.execPath, args: ['-e', program] };
}

describe('a side in a process of its own', () => {
  test('answers requests; what its libraries print is no answer', async () => {
    const answers = {
      prepare: '({ fingerprint: [parameter.name.length], milliseconds: 2 })',
      time: '({ milliseconds: parameter })',
    };
    const side = await startSide(child(answers, 'console.log("Hello from a library {");'));
    try {
      expect(side).toMatchObject({ name: 'fake', adapter: 'paper', software: false });
      expect(await side.prepare(task)).toEqual({ fingerprint: [1], milliseconds: 2 });
      expect(await side.time(9)).toEqual({ milliseconds: 9 });
    } finally {
      await side.close();
    }
  });

  test('rejects one request and goes on', async () => {
    const thrown = '(() => { throw new Error("no such operator"); })()';
    const side = await startSide(child({ prepare: thrown, time: '({ milliseconds: 1 })' }));
    try {
      await expect(side.prepare(task)).rejects.toThrow('no such operator');
      expect(await side.time(1)).toEqual({ milliseconds: 1 });
    } finally {
      await side.close();
    }
  });

  test('that ends says what it wrote last', async () => {
    const side = await startSide(child({ prepare: '(console.error("out of memory"), process.exit(3))' }));
    await expect(side.prepare(task)).rejects.toThrow(/ended \(3\):\nout of memory/);
    await side.close();
  });

  test('that cannot be started is an error, too', async () => {
    await expect(startSide({ command: '/nowhere/python', args: [] })).rejects.toThrow(/nowhere\/python ended/);
  });
});
