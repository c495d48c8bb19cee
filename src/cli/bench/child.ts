import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { CvnetsError } from '../../utils/errors.js';
import type { BenchTask, Facts, Prepared, Round, Side } from './side.js';

/** A process that answers requests: `{id, method, parameter}` a line in, `{id, result}` or `{id, error}` a line out. */
export interface ChildCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** What a side says when it is ready. */
export type Greeting = Pick<Side, 'name' | 'adapter' | 'software'>;

/** A side in a process of its own. Throws CvnetsError with what it wrote last when it ends early. */
export async function startSide(command: ChildCommand): Promise<Side> {
  const child = new Child(command);
  const greeting = (await child.ask('open')) as Greeting;
  return {
    ...greeting,
    prepare: (task: BenchTask) => child.ask('prepare', task) as Promise<Prepared>,
    time: (minimum) => child.ask('time', minimum) as Promise<Round>,
    facts: () => child.ask('facts') as Promise<Facts>,
    close: () => child.close(),
  };
}

const KEPT_LINES = 12;

class Child {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  readonly #complaints: string[] = [];
  readonly #ended: Promise<void>;
  #next = 1;

  constructor({ command, args, env }: ChildCommand) {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    this.#process = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.#hear(line));
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.#complaints.push(line);
      if (this.#complaints.length > KEPT_LINES) this.#complaints.shift();
    });
    // A process that has gone is reported by `exit`; its closed pipe is no news.
    child.stdin.on('error', () => {});
    this.#ended = new Promise((resolve) => {
      const end = (how: string): void => {
        const said = this.#complaints.length > 0 ? `:\n${this.#complaints.join('\n')}` : '';
        for (const { reject } of this.#waiting.values()) reject(new CvnetsError(`${command} ended (${how})${said}`));
        this.#waiting.clear();
        resolve();
      };
      child.on('error', (error) => end(error.message));
      child.on('close', (code, signal) => end(`${signal ?? code}`));
    });
  }

  ask(method: string, parameter?: unknown): Promise<unknown> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#process.stdin!.write(`${JSON.stringify({ id, method, parameter })}\n`);
    });
  }

  async close(): Promise<void> {
    this.#process.stdin!.end();
    const grace = setTimeout(() => this.#process.kill('SIGKILL'), 5000);
    await this.#ended;
    clearTimeout(grace);
  }

  /** Libraries print what they like; only answers start with an id. */
  #hear(line: string): void {
    if (!line.startsWith('{"id":')) return;
    const { id, result, error } = JSON.parse(line) as Answer;
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new CvnetsError(error));
  }
}
