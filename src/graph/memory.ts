import type { Group, Storage } from './values.js';

/** Something that needs bytes of the pool from one step of the plan to another, both included. */
interface Request {
  readonly owner: Storage | Group;
  readonly bytes: number;
  first: number;
  last: number;
}

/** When each storage is written and read; `Lifetimes` collects them in plan order. */
export class Lifetimes {
  readonly #requests = new Map<Storage | Group, Request>();

  /** Marks `storage` as alive at step `position` (-1: before the program; Infinity: until it ends). */
  touch(storage: Storage, position: number): void {
    if (storage.kind !== 'pool') return;
    const owner = storage.group ?? storage;
    const request = this.#requests.get(owner);
    if (!request) this.#requests.set(owner, { owner, bytes: owner.bytes, first: position, last: position });
    else {
      request.first = Math.min(request.first, position);
      request.last = Math.max(request.last, position);
    }
  }

  /**
   * Gives every storage its offset in the pool and returns the pool's size: the best of a few orders, each request at
   * the lowest offset where nothing alive at the same time lies. Within a few percent of the lower bound on real
   * networks.
   */
  assign(alignment: number): number {
    const align = (n: number) => Math.ceil(n / alignment) * alignment;
    const requests = [...this.#requests.values()].map((request) => ({ ...request, bytes: align(request.bytes) }));
    const bound = mostAlive(requests);
    let best: Packing | undefined;
    for (const order of orders) {
      const packing = pack([...requests].sort(order));
      if (!best || packing.pool < best.pool) best = packing;
      if (best.pool <= GOOD_ENOUGH * bound) break;
    }
    for (const [{ owner }, start] of best!.starts) owner.offset = start;
    return best!.pool;
  }
}

/** No second order is tried when the first is so near to the lower bound. */
const GOOD_ENOUGH = 1.02;

type Order = (a: Request, b: Request) => number;

const age = ({ first, last }: Request): number => last - first + 1;

/** Largest first is best where few large values meet; what lives long first, where many of one size follow another. */
const orders: readonly Order[] = [
  (a, b) => b.bytes - a.bytes || a.first - b.first,
  (a, b) => b.bytes * age(b) - a.bytes * age(a) || a.first - b.first,
  (a, b) => age(b) - age(a) || b.bytes - a.bytes || a.first - b.first,
  (a, b) => b.bytes - a.bytes || b.last - a.last || a.first - b.first,
];

interface Packing {
  readonly pool: number;
  readonly starts: ReadonlyMap<Request, number>;
}

function pack(requests: readonly Request[]): Packing {
  const starts = new Map<Request, number>();
  const placed: { request: Request; start: number; end: number }[] = [];
  let pool = 0;
  for (const request of requests) {
    let start = 0;
    for (const other of placed) {
      const apart = other.request.last < request.first || other.request.first > request.last;
      if (apart || other.end <= start) continue;
      if (other.start >= start + request.bytes) break;
      start = other.end;
    }
    const entry = { request, start, end: start + request.bytes };
    starts.set(request, start);
    pool = Math.max(pool, entry.end);
    // Kept in order of their starts.
    let at = placed.length;
    while (at > 0 && placed[at - 1].start > start) at--;
    placed.splice(at, 0, entry);
  }
  return { pool, starts };
}

/** The most bytes that are alive at one step: no pool can be smaller. */
function mostAlive(requests: readonly Request[]): number {
  const changes = requests.flatMap(({ bytes, first, last }) => [
    { at: first, bytes },
    { at: last + 1, bytes: -bytes },
  ]);
  changes.sort((a, b) => a.at - b.at || a.bytes - b.bytes);
  let alive = 0;
  return changes.reduce((most, { bytes }) => {
    alive += bytes;
    return Math.max(most, alive);
  }, 0);
}
