import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Lifetimes } from '../../src/graph/memory.js';
import { poolStorage } from '../../src/graph/values.js';

const request = fc.record({ bytes: fc.integer({ min: 1, max: 5000 }), first: fc.nat(30), length: fc.nat(10) });

test('storages that are alive at the same time never overlap, and all lie inside the pool', () => {
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 40 }), (requests) => {
      const lifetimes = new Lifetimes();
      const storages = requests.map(({ bytes, first, length }) => {
        const storage = poolStorage(bytes);
        lifetimes.touch(storage, first + length);
        lifetimes.touch(storage, first);
        return storage;
      });
      const pool = lifetimes.assign(64);
      requests.forEach((a, i) => {
        expect(storages[i].offset % 64).toBe(0);
        expect(storages[i].offset + a.bytes).toBeLessThanOrEqual(pool);
        requests.forEach((b, j) => {
          if (i >= j || a.first + a.length < b.first || b.first + b.length < a.first) return;
          const [x, y] = [storages[i], storages[j]];
          expect(x.offset + a.bytes <= y.offset || y.offset + b.bytes <= x.offset).toBe(true);
        });
      });
    }),
    { numRuns: 100 },
  );
});

test('memory is reused once its value is dead', () => {
  const lifetimes = new Lifetimes();
  const storages = [0, 1, 2, 3].map((position) => {
    const storage = poolStorage(1024);
    lifetimes.touch(storage, position);
    lifetimes.touch(storage, position + 1);
    return storage;
  });
  expect(lifetimes.assign(64)).toBe(2048);
  expect(storages[0].offset).toBe(storages[2].offset);
});

test('members of a group live and move together', () => {
  const lifetimes = new Lifetimes();
  const members = [poolStorage(100), poolStorage(100)];
  const group = { members, bytes: 512, offset: -1 };
  members.forEach((storage, i) => {
    storage.group = group;
    storage.offset = 256 * i;
  });
  const other = poolStorage(512);
  lifetimes.touch(members[0], 0);
  lifetimes.touch(other, 1);
  lifetimes.touch(members[1], 2);
  expect(lifetimes.assign(256)).toBe(1024);
  expect(group.offset).not.toBe(other.offset);
  expect(members.map((storage) => storage.offset)).toEqual([0, 256]);
});
