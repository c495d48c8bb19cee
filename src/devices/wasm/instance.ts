/** Exports of `kernels.wasm` that are not kernels. */
const PLUMBING = new Set(['run', 'memory', 'table', '_start']);

export interface KernelInstance {
  /** Runs a tape of `count` calls as thread `thread` of `threads`; `sync` is the barrier's address. */
  run(tape: number, count: number, sync: number, thread: number, threads: number): void;
}

/** Kernel names in the order of their table slots: the same in every instance of one module. */
export function kernelNames(module: WebAssembly.Module): string[] {
  return WebAssembly.Module.exports(module)
    .filter(({ kind, name }) => kind === 'function' && !PLUMBING.has(name))
    .map(({ name }) => name)
    .sort();
}

/** First table slot that belongs to kernels: the module's own table is empty, slot 0 means "no function". */
export const FIRST_SLOT = 1;

/** Links the kernels to `memory` and puts each into its slot of the call table. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): KernelInstance {
  const { exports } = new WebAssembly.Instance(module, { env: { memory, park: parker(memory) } });
  const table = exports.table as WebAssembly.Table;
  const names = kernelNames(module);
  table.grow(FIRST_SLOT + names.length - table.length);
  names.forEach((name, i) => {
    table.set(FIRST_SLOT + i, exports[name]);
  });
  return exports as unknown as KernelInstance;
}

/** Lets a thread of the pool sleep at a barrier until another one changes the word at `address`. */
function parker(memory: WebAssembly.Memory): (address: number, expected: number) => void {
  const words = new Int32Array(memory.buffer, 0, 1024 / Int32Array.BYTES_PER_ELEMENT);
  return (address, expected) => {
    Atomics.wait(words, address / Int32Array.BYTES_PER_ELEMENT, expected);
  };
}
