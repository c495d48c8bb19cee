// A side of a comparison is a child process: it prepares, says so, and then runs as many steps as each line asks for.
import { createInterface } from 'node:readline';

/**
 * @param {{ name: string, step: () => Promise<number>, counts?: object, reset?: () => void, close?: () => void }} side
 *   `step` does one training step and returns its loss.
 */
export async function serve({ name, step, counts, reset, close }) {
  console.log(JSON.stringify({ ready: name }));
  for await (const line of createInterface({ input: process.stdin })) {
    const steps = Number(line);
    if (!steps) break;
    const result = { milliseconds: [], losses: [] };
    for (let i = 0; i < steps; i++) {
      reset?.();
      const start = performance.now();
      result.losses.push(await step());
      result.milliseconds.push(performance.now() - start);
    }
    console.log(JSON.stringify({ ...result, counts }));
  }
  await close?.();
  process.exit(0);
}
