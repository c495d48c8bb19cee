import type { Device } from '../../src/devices/device.js';

/** A device that runs nothing: enough to look at plans. */
export function fakeDevice(options: Partial<Device> = {}): Device {
  return {
    kind: 'wasm',
    description: 'fake device',
    numerics: 'portable',
    alignment: 64,
    exclusiveOperands: false,
    maxOperandBytes: 2 ** 32,
    lower: () => ({ calls: [] }),
    callName: () => 'nothing',
    allocate: (bytes, label) => ({ bytes, label }),
    free() {},
    load: async () => ({ run: async () => [], dispose() {} }),
    programBytes: () => 0,
    readBackBytes: () => 0,
    write: async () => {},
    read: async () => [],
    memory: { bytes: 0, peakBytes: 0 },
    close: async () => {},
    ...options,
  };
}
