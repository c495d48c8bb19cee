import type { Platform } from '../../platform/platform.js';
import { DeviceError } from '../../utils/errors.js';

/** Limits that kernels use beyond the defaults when the adapter has more. */
const WANTED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
] as const;

export interface AdapterChoice {
  readonly adapter: GPUAdapter;
  readonly description: string;
  /** It runs on the CPU: fit for checking results, far too slow for training. */
  readonly software: boolean;
}

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|warp|basic render|software/i;

/** The adapter that WebGPU would use. Throws DeviceError when there is none. */
export async function chooseAdapter(platform: Platform): Promise<AdapterChoice> {
  const gpu = await platform.gpu();
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new DeviceError('WebGPU is here but offers no adapter', 'install a Vulkan driver, or use --device wasm');
  }
  const { vendor, architecture, device, description } = adapter.info;
  const text = [description || device, vendor, architecture].filter(Boolean).join(', ') || 'unnamed adapter';
  const software = adapter.info.isFallbackAdapter === true || SOFTWARE.test(`${text} ${device}`);
  return { adapter, description: software ? `${text} (software)` : text, software };
}

/** A device with every limit of `WANTED_LIMITS` at the adapter's own value. */
export async function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const requiredLimits = Object.fromEntries(WANTED_LIMITS.map((name) => [name, adapter.limits[name]]));
  const timestamps = adapter.features.has('timestamp-query');
  return adapter.requestDevice({ requiredLimits, requiredFeatures: timestamps ? ['timestamp-query'] : [] });
}
