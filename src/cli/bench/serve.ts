import { createInterface } from 'node:readline';
import type { Greeting } from './child.js';
import type { BenchTask, Side } from './side.js';

interface Request {
  readonly id: number;
  readonly method: 'open' | 'prepare' | 'time' | 'facts';
  readonly parameter?: unknown;
}

/** The child's end of `startSide`: answers requests until the parent closes the pipe. */
export async function serveSide(open: () => Promise<Side>): Promise<void> {
  const write = process.stdout.write.bind(process.stdout);
  // What libraries print must not look like an answer.
  for (const name of ['log', 'info', 'debug', 'warn'] as const) console[name] = console.error;
  let side: Side | undefined;
  const answer = async ({ method, parameter }: Request): Promise<unknown> => {
    if (method === 'open') {
      side = await open();
      const { name, adapter, software } = side;
      return { name, adapter, software } satisfies Greeting;
    }
    if (method === 'prepare') return side!.prepare(parameter as BenchTask);
    if (method === 'time') return side!.time(parameter as number);
    return side!.facts();
  };
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Request;
    let text: string;
    try {
      text = JSON.stringify({ id: request.id, result: (await answer(request)) ?? null });
    } catch (error) {
      text = JSON.stringify({ id: request.id, error: error instanceof Error ? error.message : String(error) });
    }
    write(`${text}\n`);
  }
  await side?.close();
}
