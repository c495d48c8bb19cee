import type { Block, Device } from '../../src/devices/device.js';
import { createWasmDevice } from '../../src/devices/wasm/device.js';
import { createWebgpuDevice } from '../../src/devices/webgpu/device.js';
import { nodePlatform } from '../../src/platform/node.js';
import { Engine } from '../../src/scheduler/engine.js';
import { evaluate } from '../../src/scheduler/evaluate.js';
import type { TypedArray } from '../../src/tensor/dtype.js';
import type { Tensor } from '../../src/tensor/tensor.js';

type Kind = 'wasm' | 'webgpu';

/**
 * The devices that this test process covers. The vitest project sets them: `wasm` in the parallel project, `webgpu` in
 * the serial one that needs an adapter, so the same file runs once a device. Without the variable: both.
 */
export const testedDevices = (process.env.CVNETS_TEST_DEVICES ?? 'wasm,webgpu').split(',') as Kind[];

/** A device as the operator tests see it: graph in, logical row-major values out. */
export interface TestDevice {
  readonly name: string;
  readonly engine: Engine;
  evaluate(outputs: readonly Tensor[], feeds: ReadonlyMap<Tensor, TypedArray>): Promise<TypedArray[]>;
  /** Once more, in memory that holds other bytes and on wasm with another number of threads: the same bits. */
  repeat(outputs: readonly Tensor[], feeds: ReadonlyMap<Tensor, TypedArray>): Promise<TypedArray[]>;
}

/** Signalling in every type: NaN as f32, and far outside of every index. */
const POISON = 0xff;

/** Every run starts in a pool full of NaN: an operator that reads what nobody wrote shows. */
function poisoned(device: Device): Engine {
  let pool: Block | undefined;
  const poison = (block: Block): Promise<void> =>
    device.write([{ to: { block, offset: 0 }, data: new Uint8Array(block.bytes).fill(POISON) }]);
  const { allocate, load } = device;
  device.allocate = (bytes, label) => {
    const block = allocate.call(device, bytes, label);
    if (label === 'pool') pool = block;
    return block;
  };
  device.load = async (steps, name) => {
    if (pool) await poison(pool);
    return load.call(device, steps, name);
  };
  return new Engine(device);
}

const openers: Record<Kind, () => Promise<readonly [Engine, Engine]>> = {
  async wasm() {
    const [inline, threaded] = await Promise.all([0, 3].map((threads) => createWasmDevice(nodePlatform, { threads })));
    return [poisoned(inline), poisoned(threaded)];
  },
  async webgpu() {
    const engine = poisoned(await createWebgpuDevice(nodePlatform));
    return [engine, engine];
  },
};

let opened: Promise<TestDevice[]> | undefined;

/** The tested devices, opened once a process. */
export function devices(): Promise<readonly TestDevice[]> {
  opened ??= Promise.all(
    testedDevices.map(async (kind) => {
      const [engine, other] = await openers[kind]();
      return {
        name: kind,
        engine,
        evaluate: (outputs, feeds) => evaluate(engine, outputs, feeds),
        repeat: (outputs, feeds) => evaluate(other, outputs, feeds),
      };
    }),
  );
  return opened;
}
