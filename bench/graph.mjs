// What JavaScript peers share: the fixed values of a described graph, and orders of axes.

/**
 * Values that never change, in logical row-major order, and the nodes that are left to run. Pixels that become floats
 * are fixed: peers are given floats, so that the conversion is no part of their time.
 */
export function fixedValues(graph, fillWith) {
  const fixed = new Map();
  for (const { value, fill } of graph.sources) {
    const { shape, dtype } = graph.values[value];
    const data = dtype === 'f32' || dtype === 'u8' ? Float32Array : Int32Array;
    fixed.set(value, fillWith(fill, new data(size(shape))));
  }
  const nodes = graph.nodes.filter(({ op, attrs, inputs, outputs }) => {
    const pixels = fixed.get(inputs[0]);
    if (op !== 'toFloat' || !pixels) return true;
    const [, channels, height, width] = graph.values[inputs[0]].shape;
    const { scale, shift } = attrs;
    const floats = pixels.map((pixel, i) => {
      const channel = Math.floor(i / (height * width)) % channels;
      return pixel * scale[channel % scale.length] + shift[channel % shift.length];
    });
    fixed.set(outputs[0], floats);
    return false;
  });
  return { fixed, nodes };
}

export const size = (shape) => shape.reduce((product, length) => product * length, 1);

/** Elements of a tensor with its axes in another order: `order[i]` is the old axis that becomes axis i. */
export function permute(data, shape, order) {
  const strides = shape.map((_, axis) => size(shape.slice(axis + 1)));
  const lengths = order.map((axis) => shape[axis]);
  const steps = order.map((axis) => strides[axis]);
  const result = new data.constructor(data.length);
  const index = lengths.map(() => 0);
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = data[from];
    for (let axis = lengths.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++index[axis] < lengths[axis]) break;
      from -= steps[axis] * lengths[axis];
      index[axis] = 0;
    }
  }
  return result;
}

export function unsupported(what) {
  throw new Error(`unsupported: ${what}`);
}
