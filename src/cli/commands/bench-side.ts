import { openSide, type SideOptions } from '../bench/node-sides.js';
import { serveSide } from '../bench/serve.js';

/** One side of a comparison, started by `cvnets bench`; it ends with its parent. */
export function benchSide(
  library: string,
  { device, threads }: { device: SideOptions['device']; threads: string },
): Promise<void> {
  return serveSide(() => openSide({ library, device, threads: Number(threads) }));
}
