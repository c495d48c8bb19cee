// The public API. `index.node.ts` and `index.browser.ts` add the platform of their host.
export type { Device } from './devices/device.js';
export { type DeviceChoice, type OpenDeviceOptions, openDevice } from './devices/open.js';
export * from './ops/index.js';
export type { Files, Platform } from './platform/platform.js';
export { Engine, trace } from './scheduler/engine.js';
export { evaluate } from './scheduler/evaluate.js';
export type { DType } from './tensor/dtype.js';
export type { Shape } from './tensor/shape.js';
export { input, scalar, Tensor } from './tensor/tensor.js';
export * from './utils/errors.js';
