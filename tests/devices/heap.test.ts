import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap, type HeapBlock, RESERVED_BYTES } from '../../src/devices/wasm/heap.js';

const newHeap = (maximum = 100) => new Heap(new WebAssembly.Memory({ initial: 1, maximum }));

test('live blocks never overlap, are aligned, and leave room to read past their end', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 20000 }), fc.boolean()), { maxLength: 40 }), (steps) => {
      const heap = newHeap();
      const live: HeapBlock[] = [];
      for (const [bytes, release] of steps) {
        if (release && live.length > 0) heap.release(live.splice(bytes % live.length, 1)[0]);
        else live.push(heap.allocate(bytes, 'block'));
      }
      for (const block of live) {
        expect(block.address % 64).toBe(0);
        expect(block.address).toBeGreaterThanOrEqual(RESERVED_BYTES);
        expect(block.address + block.bytes + 64).toBeLessThanOrEqual(heap.memory.buffer.byteLength + 64);
        for (const other of live) {
          if (other === block) continue;
          expect(block.address + block.bytes <= other.address || other.address + other.bytes <= block.address).toBe(
            true,
          );
        }
      }
      expect(heap.bytes).toBe(live.reduce((sum, block) => sum + block.bytes, 0));
      for (const block of live) heap.release(block);
      expect(heap.bytes).toBe(0);
    }),
    { numRuns: 100 },
  );
});

test('freed memory is used again', () => {
  const heap = newHeap();
  const first = heap.allocate(1000, 'first');
  heap.allocate(1000, 'second');
  heap.release(first);
  expect(heap.allocate(900, 'third').address).toBe(first.address);
});

test('says what did not fit', () => {
  const heap = newHeap(2);
  expect(() => heap.allocate(200_000, 'pool')).toThrow(/200000 bytes for pool/);
});
