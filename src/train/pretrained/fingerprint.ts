import * as z from 'zod';
import type { ImageShape } from '../../config/build-model.js';
import { buildTask } from '../../config/build-task.js';
import type { Config } from '../../config/keys/index.js';
import type { Device } from '../../devices/device.js';
import { Engine, trace } from '../../scheduler/engine.js';
import { channelsLast } from '../../tensor/layout.js';
import { size } from '../../tensor/shape.js';
import { input, scalar } from '../../tensor/tensor.js';
import { FormatError } from '../../utils/errors.js';
import { FINGERPRINT_FACT } from './facts.js';

/**
 * A network's answer to a fixed image in evaluation: a file that has it is only accepted where the same answer comes
 * out. Names and shapes agree between networks of other padding or activation; this does not.
 */
export interface Fingerprint {
  /** [1, C, H, W]: what the network itself gets, after any scaling of pixels. */
  readonly input: readonly number[];
  /** The first 16 logits. */
  readonly logits: readonly number[];
  /** Standard deviation of all logits. */
  readonly std: number;
}

const schema = z.object({
  // A file may ask for one image of a usual size and no more.
  input: z.tuple([z.literal(1), z.int().min(1).max(4), z.int().min(1).max(512), z.int().min(1).max(512)]),
  logits: z.array(z.number()).min(1).max(4096),
  std: z.number().min(0),
});

const STORED = 16;
/** Files in half precision and other devices give logits that differ by less, other networks by far more. */
const TOLERANCE = 1e-3;

/** Element i is h(i) + 1/2 with h(i) = (3j² + 7j + 11 mod 65537) / 65537 - 1/2 and j = i mod 65537: exact everywhere. */
export function fingerprintImage(shape: readonly number[]): Float32Array {
  return Float32Array.from({ length: size(shape) }, (_, i) => {
    const j = i % 65537;
    return ((3 * j * j + 7 * j + 11) % 65537) / 65537;
  });
}

/** The size of image that a network's fingerprint is taken with: networks for one size keep it. */
export function fingerprintShape({ channels, height, width }: ImageShape): number[] {
  return channels === 1 ? [1, channels, height, width] : [1, channels, 64, 64];
}

/** Computes the fingerprint of a configuration's network with these values, on a device that is closed at the end. */
export async function computeFingerprint(
  device: Device,
  config: Config,
  values: ReadonlyMap<string, Float32Array>,
  shape: readonly number[],
): Promise<Fingerprint> {
  const engine = new Engine(device);
  try {
    const [, channels, height, width] = shape;
    const { model } = buildTask(config, { channels, height, width }, values);
    const traced = trace(() => {
      const context = { training: false, dropoutCounter: scalar('counter', 'u32'), seed: 0 };
      return { logits: model.call(input('image', [...shape]), context) };
    });
    const program = await engine.compile('fingerprint', { ...traced, writes: new Map() });
    const { logits } = await program.run({ inputs: { image: channelsLast(fingerprintImage(shape), shape) } });
    const all = Array.from(logits);
    const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
    const variance = all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length;
    return { input: shape, logits: all.slice(0, STORED), std: Math.sqrt(variance) };
  } finally {
    await engine.close();
  }
}

/** The fingerprint in a file's metadata, if it has one. Throws FormatError when it is no fingerprint. */
export function storedFingerprint(metadata: ReadonlyMap<string, string>, path: string): Fingerprint | undefined {
  const text = metadata.get(FINGERPRINT_FACT);
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new FormatError(`${path}: its fingerprint is no fingerprint`, 'write the file again with `cvnets export`');
  }
}

/** True when both are the answers of one network. */
export function sameAnswer(stored: Fingerprint, computed: Fingerprint): boolean {
  const scale = Math.max(stored.std, Number.MIN_VALUE);
  return stored.logits.every((value, i) => Math.abs(value - computed.logits[i]) <= TOLERANCE * scale);
}
