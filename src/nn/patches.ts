import { type Pair, reshape, transpose } from '../ops/index.js';
import type { Tensor } from '../tensor/tensor.js';

/** Height and width of the map, cut into cells of `patch`. Both must divide. */
export interface PatchGrid {
  readonly size: Pair;
  readonly patch: Pair;
}

const counts = ({ size: [height, width], patch: [rows, columns] }: PatchGrid): Pair => [height / rows, width / columns];

/** [B,C,H,W] to [B,C,P,N]: pixel P of patch N, both row by row. */
export function unfoldPatches(x: Tensor, { size, patch }: PatchGrid): Tensor {
  const [down, across] = counts({ size, patch });
  const channels = x.shape[1];
  const cells = reshape(x, [-1, channels, down, patch[0], across, patch[1]]);
  return reshape(transpose(cells, [0, 1, 3, 5, 2, 4]), [-1, channels, patch[0] * patch[1], down * across]);
}

/** The opposite of `unfoldPatches`: [B,C,P,N] to [B,C,H,W]. */
export function foldPatches(x: Tensor, { size, patch }: PatchGrid): Tensor {
  const [down, across] = counts({ size, patch });
  const channels = x.shape[1];
  const cells = reshape(x, [-1, channels, ...patch, down, across]);
  return reshape(transpose(cells, [0, 1, 4, 2, 5, 3]), [-1, channels, ...size]);
}

/** [B,C,H,W] to [B·P,N,C]: one sequence of N patches for each position in a patch. */
export function unfoldTokens(x: Tensor, { size, patch }: PatchGrid): Tensor {
  const [down, across] = counts({ size, patch });
  const channels = x.shape[1];
  const cells = reshape(x, [-1, channels, down, patch[0], across, patch[1]]);
  return reshape(transpose(cells, [0, 3, 5, 2, 4, 1]), [-1, down * across, channels]);
}

/** The opposite of `unfoldTokens`: [B·P,N,C] to [B,C,H,W]. */
export function foldTokens(x: Tensor, { size, patch }: PatchGrid): Tensor {
  const [down, across] = counts({ size, patch });
  const channels = x.shape[2];
  const cells = reshape(x, [-1, ...patch, down, across, channels]);
  return reshape(transpose(cells, [0, 5, 3, 1, 4, 2]), [-1, channels, ...size]);
}
