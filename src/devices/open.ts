import type { Platform } from '../platform/platform.js';
import { CvnetsError, DeviceError } from '../utils/errors.js';
import type { Device } from './device.js';
import { createWasmDevice } from './wasm/device.js';
import { chooseAdapter } from './webgpu/adapter.js';
import { createWebgpuDevice } from './webgpu/device.js';

export type DeviceChoice = 'auto' | 'webgpu' | 'wasm';

export interface OpenDeviceOptions {
  /** `auto` takes a hardware WebGPU adapter, else wasm; a software adapter only when `webgpu` is asked for. */
  readonly device?: DeviceChoice;
  /** Threads of the wasm device. */
  readonly threads?: number;
  /** Receives a line for everything a user should know about the choice. */
  readonly announce?: (message: string) => void;
}

/**
 * Opens the device to train on. Never falls back without saying so. Close it, or the engine on it: the threads of the
 * wasm device keep a Node process alive.
 */
export async function openDevice(platform: Platform, options: OpenDeviceOptions = {}): Promise<Device> {
  const { device = 'auto', threads, announce = () => {} } = options;
  if (device !== 'auto' && device !== 'webgpu' && device !== 'wasm') {
    throw new DeviceError(`there is no device ${device}`, 'use auto, webgpu or wasm');
  }
  const wasm = () => createWasmDevice(platform, { threads, warn: announce });
  if (device === 'wasm') return wasm();
  if (device === 'webgpu') {
    const adapter = await chooseAdapter(platform);
    if (adapter.software) announce(`SOFTWARE ADAPTER: ${adapter.description} runs on the CPU and is very slow`);
    return createWebgpuDevice(platform, { adapter });
  }
  let reason: string;
  try {
    const adapter = await chooseAdapter(platform);
    if (!adapter.software) return createWebgpuDevice(platform, { adapter });
    reason = `the only WebGPU adapter is a software one (${adapter.description})`;
  } catch (error) {
    if (!(error instanceof CvnetsError)) throw error;
    reason = error.message.split('\n')[0];
  }
  announce(`no GPU: ${reason}; training on wasm`);
  return wasm();
}
