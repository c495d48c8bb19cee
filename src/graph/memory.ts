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
   * Gives every storage its offset in the pool and returns the pool's size. Largest first, each at the lowest offset
   * where nothing alive at the same time lies: within a few percent of the lower bound on real networks.
   */
  assign(alignment: number): number {
    const align = (n: number) => Math.ceil(n / alignment) * alignment;
    const requests = [...this.#requests.values()].sort((a, b) => b.bytes - a.bytes || a.first - b.first);
    const placed: { request: Request; start: number; end: number }[] = [];
    let pool = 0;
    for (const request of requests) {
      let start = 0;
      for (const other of placed) {
        const apart = other.request.last < request.first || other.request.first > request.last;
        if (apart || other.end <= start) continue;
        if (other.start >= start + align(request.bytes)) break;
        start = other.end;
      }
      const entry = { request, start, end: start + align(request.bytes) };
      request.owner.offset = start;
      pool = Math.max(pool, entry.end);
      placed.push(entry);
      placed.sort((a, b) => a.start - b.start);
    }
    return pool;
  }
}
