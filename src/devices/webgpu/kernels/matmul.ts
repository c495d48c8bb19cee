import source from '../../../../shaders/matmul/matmul.wgsl';
import scalarSource from '../../../../shaders/matmul/matmul_scalar.wgsl';
import tallSource from '../../../../shaders/matmul/matmul_tall.wgsl';
import type { MatmulAttrs } from '../../../ops/matmul.js';
import { physicalStrides, rowMajor, sameOrder } from '../../../tensor/layout.js';
import { size } from '../../../tensor/shape.js';
import type { Value } from '../../device.js';
import { at } from '../../device.js';
import type { Shader, WebgpuLower } from '../kernel.js';
import { dispatch, linearWorkgroups } from '../kernel.js';
import { sliceDepth, sumSlices } from './sum-slices.js';
import { countTiles, lanesFor, tileHeight } from './tiles.js';

const bindings = ['a', 'b', 'bias', 'y'] as const;

export const matmulShader = {
  name: 'matmul',
  source,
  bindings,
  params: {
    batch: 'u32',
    rows: 'u32',
    columns: 'u32',
    depth: 'u32',
    slice_depth: 'u32',
    slices: 'u32',
    a_batch: 'u32',
    b_batch: 'u32',
  },
  overrides: ['TRANSPOSE_A', 'TRANSPOSE_B', 'HAS_BIAS', 'LANES_N', 'LANES_M'],
} as const satisfies Shader;

export const matmulTallShader = { ...matmulShader, name: 'matmul_tall', source: tallSource } as const satisfies Shader;

export const matmulScalarShader = {
  name: 'matmul_scalar',
  source: scalarSource,
  bindings,
  params: {
    batch: 'u32',
    batch_inner: 'u32',
    rows: 'u32',
    columns: 'u32',
    depth: 'u32',
    slice_depth: 'u32',
    slices: 'u32',
    a_outer: 'u32',
    a_inner: 'u32',
    a_row: 'u32',
    a_column: 'u32',
    b_outer: 'u32',
    b_inner: 'u32',
    b_row: 'u32',
    b_column: 'u32',
    y_outer: 'u32',
    y_inner: 'u32',
    y_row: 'u32',
    y_column: 'u32',
  },
  overrides: ['HAS_BIAS', 'LANES_N', 'LANES_M'],
} as const satisfies Shader;

/** Bytes bound in place of an absent bias: a binding cannot be left out. */
const NO_BIAS = 16;
/** Workgroups of 64 that keep a large GPU busy. */
const AIM = 256;

export const lowerMatmul: WebgpuLower<MatmulAttrs> = (node, target) => {
  const [a, b, bias] = node.inputs;
  const [y] = node.outputs;
  const { transposeA, transposeB } = node.attrs;
  const plain = [a, b, y].every((v) => sameOrder(v.shape, v.layout, rowMajor(v.shape.length)));
  const shared = b.shape.length === 2;
  const [rows, n] = y.shape.slice(-2);
  const k = b.shape[b.shape.length - (transposeB ? 1 : 2)];
  // The rows of all the matrices that meet a shared B make one tall matrix, where they follow one another.
  const m = plain && shared && !transposeA ? size(y.shape) / n : rows;
  const batch = size(y.shape) / (m * n);

  const vectors = plain && k % 4 === 0 && n % 4 === 0 && (!transposeA || m % 4 === 0);
  const width = vectors ? 4 : 1;
  const columns = Math.ceil(n / 4);
  const lanes = lanesFor(Math.ceil(m / 4), columns);
  const slicedTiles = countTiles(m, columns, 4, lanes) * batch;
  const elements = size(y.shape);
  const cut = sliceDepth(k / width, { workgroups: slicedTiles, aim: AIM, shortest: 128 / width, elements });
  const height = vectors ? tileHeight(m, columns, batch * cut.slices, lanes) : 4;
  const tiles = countTiles(m, columns, height, lanes) * batch;
  const partialBytes = cut.slices > 1 ? elements * cut.slices * 4 : 0;

  const buffers = {
    a: at(a),
    b: at(b),
    bias: bias ? at(bias) : { ...at('workspace', alignBinding(partialBytes)), bytes: NO_BIAS },
    y: cut.slices > 1 ? { ...at('workspace'), bytes: partialBytes } : at(y),
  };
  const common = { batch, rows: m, columns: n / width, depth: k / width, slice_depth: cut.length, slices: cut.slices };
  const HAS_BIAS = Number(bias !== undefined);
  const workgroups = linearWorkgroups(tiles * cut.slices, 1, target);
  const product = vectors
    ? dispatch(height === 8 ? matmulTallShader : matmulShader, {
        buffers,
        params: { ...common, a_batch: (m * k) / 4, b_batch: shared ? 0 : (k * n) / 4 },
        overrides: { TRANSPOSE_A: Number(transposeA), TRANSPOSE_B: Number(transposeB), HAS_BIAS, ...lanes },
        workgroups,
      })
    : dispatch(matmulScalarShader, {
        buffers,
        params: { ...common, ...batchParams(batch, a, b, y, node.attrs) },
        overrides: { HAS_BIAS, ...lanes },
        workgroups,
      });
  return {
    calls: cut.slices > 1 ? [product, sumSlices(elements, cut.slices, y, target)] : [product],
    workspace: bias ? partialBytes : alignBinding(partialBytes) + NO_BIAS,
  };
};

/**
 * Strides of the three operands. Rank 4 has two batch dimensions that may be apart (channels-last puts dimension 1
 * last); in other ranks the layout is row-major and one stride walks the whole batch.
 */
function batchParams(batch: number, a: Value, b: Value, y: Value, { transposeA, transposeB }: MatmulAttrs) {
  const inner = y.shape.length === 4 ? y.shape[1] : batch;
  const steps = (value: Value, transposed: boolean) => {
    const rank = value.shape.length;
    const strides = physicalStrides(value.shape, value.layout);
    const [row, column] = transposed ? [strides[rank - 1], strides[rank - 2]] : strides.slice(-2);
    return { outer: rank === 4 ? strides[0] : 0, inner: rank > 2 ? strides[rank - 3] : 0, row, column };
  };
  const [sa, sb, sy] = [steps(a, transposeA), steps(b, transposeB), steps(y, false)];
  return {
    batch_inner: inner,
    a_outer: sa.outer,
    a_inner: sa.inner,
    a_row: sa.row,
    a_column: sa.column,
    b_outer: sb.outer,
    b_inner: sb.inner,
    b_row: sb.row,
    b_column: sb.column,
    y_outer: sy.outer,
    y_inner: sy.inner,
    y_row: sy.row,
    y_column: sy.column,
  };
}

/** Bindings start at multiples of 256 bytes. */
function alignBinding(bytes: number): number {
  return Math.ceil(bytes / 256) * 256;
}
