import { defaultLayout, type Layout, rowMajor, sameOrder } from '../tensor/layout.js';
import type { Shape } from '../tensor/shape.js';

/** Axes of one shape and of another that hold the same part of the row-major index. Axes of length 1 are left out. */
interface AxisGroup {
  readonly from: number[];
  readonly to: number[];
}

function groupAxes(from: Shape, to: Shape): AxisGroup[] {
  const axes = (shape: Shape) => shape.map((_, axis) => axis).filter((axis) => shape[axis] !== 1);
  const [rest, wanted] = [axes(from), axes(to)];
  const groups: AxisGroup[] = [];
  while (rest.length > 0) {
    const group: AxisGroup = { from: [rest.shift()!], to: [wanted.shift()!] };
    let [a, b] = [from[group.from[0]], to[group.to[0]]];
    while (a !== b) {
      if (a < b) {
        group.from.push(rest[0]);
        a *= from[rest.shift()!];
      } else {
        group.to.push(wanted[0]);
        b *= to[wanted.shift()!];
      }
    }
    groups.push(group);
  }
  return groups;
}

/**
 * Layout in which the memory of a tensor of shape `from` is its reshape to `to`: axes may be cut, and joined where they
 * are neighbours in memory. Undefined where elements would have to move.
 */
export function reshapeLayout(from: Shape, layout: Layout, to: Shape): Layout | undefined {
  const order = layout.filter((axis) => from[axis] !== 1);
  const groups = groupAxes(from, to);
  const result: number[] = [];
  for (let position = 0; position < order.length; ) {
    const group = groups.find(({ from: [first] }) => first === order[position])!;
    if (!group?.from.every((axis, i) => axis === order[position + i])) return undefined;
    result.push(...group.to);
    position += group.from.length;
  }
  for (const axis of to.keys()) if (to[axis] === 1) result.splice(result.indexOf(axis - 1) + 1, 0, axis);
  return canonical(to, result);
}

/** Layout to copy a tensor of shape `from` into, so that its reshape to `to` has the layout that kernels expect. */
export function layoutBeforeReshape(from: Shape, to: Shape): Layout {
  return reshapeLayout(to, defaultLayout(to.length), from) ?? rowMajor(from.length);
}

/** Layout of transposed memory: axis j of the result is axis `order[j]` of the source. */
export function transposeLayout(shape: Shape, layout: Layout, order: readonly number[]): Layout {
  return canonical(
    shape,
    layout.map((axis) => order.indexOf(axis)),
  );
}

/** The expected layout where it puts the elements in the same order. */
function canonical(shape: Shape, layout: Layout): Layout {
  const expected = defaultLayout(shape.length);
  return sameOrder(shape, layout, expected) ? expected : layout;
}
