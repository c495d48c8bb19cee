import type { Value } from '../../device.js';
import { linearWorkgroups, type WebgpuTarget } from '../kernel.js';
import { elements, WORKGROUP } from './lanes.js';

/** What a kernel with one invocation per pixel and lane of channels needs, for channels-last maps. */
export function pixelwise(input: Value, output: Value, over: Value, target: WebgpuTarget) {
  const channels = over.shape[1];
  const vector = channels % 4 === 0;
  const count = elements(over) / (vector ? 4 : 1);
  return {
    vector,
    params: {
      count,
      lanes: vector ? channels / 4 : channels,
      in_height: input.shape[2],
      in_width: input.shape[3],
      out_height: output.shape[2],
      out_width: output.shape[3],
    },
    workgroups: linearWorkgroups(count, WORKGROUP, target),
  };
}
