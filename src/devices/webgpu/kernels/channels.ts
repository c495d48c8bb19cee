import type { Value } from '../../device.js';
import { elements, WORKGROUP } from './lanes.js';

/**
 * How work over a channels-last value, seen as rows of channels, is cut. A workgroup is X lanes of channels wide and
 * 256 / X rows high; a lane is four channels where they divide by four. All of it follows from shapes alone, and with
 * it the order of every sum.
 */
export interface ChannelTiling {
  readonly vector: boolean;
  readonly rows: number;
  readonly lanes: number;
  /** Bytes of one lane. */
  readonly laneBytes: number;
  /** Lanes that a workgroup spans, a power of two. */
  readonly x: number;
  /** Workgroups that cover all lanes. */
  readonly blocks: number;
}

export function channelTiling(
  value: Value,
  channels = value.shape[1] ?? 1,
  { rows = elements(value) / channels, vector = channels % 4 === 0 } = {},
): ChannelTiling {
  const lanes = vector ? channels / 4 : channels;
  const x = lanesAcross(lanes);
  return { vector, rows, lanes, laneBytes: vector ? 16 : 4, x, blocks: Math.ceil(lanes / x) };
}

/** The widest of 64, 32, ... that leaves few lanes idle; at least 4, so that neighbours read neighbouring memory. */
function lanesAcross(lanes: number): number {
  const idle = (x: number) => Math.ceil(lanes / x) * x - lanes;
  const widths = [64, 32, 16, 8, 4, 2, 1].filter((x) => x >= 4 || x >= lanes);
  const fits = widths.find((x) => idle(x) <= 0.15 * lanes);
  return fits ?? widths.reduce((best, x) => (idle(x) < idle(best) ? x : best));
}

/** Workgroups that a launch aims at: enough to fill a large GPU. */
const MANY_WORKGROUPS = 1024;

export interface Slabs {
  readonly count: number;
  readonly rows: number;
}

/** Cuts the rows into at most `most` slabs of at least eight rows an invocation. */
export function slabs({ rows, x, blocks }: ChannelTiling, most = MANY_WORKGROUPS): Slabs {
  const height = WORKGROUP / x;
  const wanted = Math.min(Math.ceil(rows / (8 * height)), Math.max(1, Math.floor(MANY_WORKGROUPS / blocks)), most);
  const perSlab = Math.ceil(rows / wanted);
  return { count: Math.ceil(rows / perSlab), rows: perSlab };
}

/** Partial results are merged by every workgroup that needs them, so there may not be too many. */
export const MOST_PARTIALS = 128;
