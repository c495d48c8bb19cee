import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fromTypedArray, type SafetensorsTensor } from '../../src/formats/safetensors.js';
import { size } from '../../src/tensor/shape.js';
import { sequence } from './golden.js';

export interface ForeignNetwork {
  /** In the order of its state dict. */
  readonly tensors: readonly (readonly [name: string, shape: readonly number[]])[];
  /** Standard deviation of its 1000 logits for `goldenImage([1, 3, 64, 64])`. */
  readonly std: number;
  /** The first ten. */
  readonly logits: readonly number[];
}

/** Names, shapes and logits that torchvision and timm give; see make_foreign_networks.py. */
export const foreignNetworks: Readonly<Record<string, ForeignNetwork>> = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../fixtures/foreign-networks.json'), 'utf8'),
);

/** The tensors of such a network, every one with other values. */
export function foreignTensors({ tensors }: ForeignNetwork): Map<string, SafetensorsTensor> {
  const result = new Map<string, SafetensorsTensor>();
  tensors.forEach(([name, shape], n) => {
    const count = size(shape);
    if (name.endsWith('num_batches_tracked')) {
      result.set(name, { dtype: 'I64', shape, bytes: new Uint8Array(8) });
      return;
    }
    const [scale, shift] = scaling(name, shape);
    const values = Float32Array.from({ length: count }, (_, i) => shift + scale * sequence(1000 * n + i));
    result.set(name, fromTypedArray(values, shape));
  });
  return result;
}

/** Their names and shapes alone. */
export const foreignShapes = ({ tensors }: ForeignNetwork): Map<string, SafetensorsTensor> =>
  new Map(tensors.map(([name, shape]) => [name, { dtype: 'F32', shape, bytes: new Uint8Array(0) }]));

function scaling(name: string, shape: readonly number[]): [scale: number, shift: number] {
  if (shape.length > 1) return [Math.sqrt(12 / (size(shape) / shape[0])), 0];
  if (name.endsWith('running_var')) return [1, 1];
  return name.endsWith('weight') ? [0.5, 1] : [0.2, 0];
}
