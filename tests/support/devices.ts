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
}

const openers: Record<Kind, () => Promise<Engine>> = {
  wasm: async () => new Engine(await createWasmDevice(nodePlatform, { threads: 0 })),
  webgpu: async () => new Engine(await createWebgpuDevice(nodePlatform)),
};

let opened: Promise<TestDevice[]> | undefined;

/** The tested devices, opened once a process. */
export function devices(): Promise<readonly TestDevice[]> {
  opened ??= Promise.all(
    testedDevices.map(async (kind) => {
      const engine = await openers[kind]();
      return { name: kind, engine, evaluate: (outputs, feeds) => evaluate(engine, outputs, feeds) };
    }),
  );
  return opened;
}
