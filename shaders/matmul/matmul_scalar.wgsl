// Matrix product, batched, for any sizes.
//
//   y[b, m, n] = bias[n] + sum over k of  A[b, m, k] * B[b, k, n]
//
// As matmul.wgsl with scalar loads: 4 x 4 values an invocation, K split into slices when it is long for the size of y.
// Transposition, sharing and layout are all strides: index (outer, inner, row, column) of a matrix is at
// outer * X_outer + inner * X_inner + row * X_row + column * X_column.

override HAS_BIAS: bool = false;
override LANES_N: u32 = 8;
override LANES_M: u32 = 8;

struct Params {
  batch: u32,
  batch_inner: u32,
  rows: u32,
  columns: u32,
  depth: u32,
  slice_depth: u32,
  slices: u32,
  a_outer: u32,
  a_inner: u32,
  a_row: u32,
  a_column: u32,
  b_outer: u32,
  b_inner: u32,
  b_row: u32,
  b_column: u32,
  y_outer: u32,
  y_inner: u32,
  y_row: u32,
  y_column: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

fn store(at: u32, column: u32, value: vec4f) {
  y[at] = value.x;
  if (column + 1 < params.columns) { y[at + params.y_column] = value.y; }
  if (column + 2 < params.columns) { y[at + 2 * params.y_column] = value.z; }
  if (column + 3 < params.columns) { y[at + 3 * params.y_column] = value.w; }
}

@compute @workgroup_size(LANES_N, LANES_M)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) lane: vec3u,
) {
  let tiles_n = (params.columns + LANES_N * 4 - 1) / (LANES_N * 4);
  let tiles_m = (params.rows + LANES_M * 4 - 1) / (LANES_M * 4);
  let tile = workgroup.y * workgroups.x + workgroup.x;
  let column = (tile % tiles_n * LANES_N + lane.x) * 4;
  let row = (tile / tiles_n % tiles_m * LANES_M + lane.y) * 4;
  let batch = tile / (tiles_n * tiles_m) % params.batch;
  let slice = tile / (tiles_n * tiles_m * params.batch);
  if (column >= params.columns || row >= params.rows || slice >= params.slices) { return; }

  // Rows and columns past the end repeat the last one and are not stored.
  let m = min(row + vec4u(0, 1, 2, 3), vec4u(params.rows - 1));
  let n = min(column + vec4u(0, 1, 2, 3), vec4u(params.columns - 1));
  let begin = slice * params.slice_depth;
  let end = min(begin + params.slice_depth, params.depth);
  let outer = batch / params.batch_inner;
  let inner = batch % params.batch_inner;
  var a_at = outer * params.a_outer + inner * params.a_inner + m * params.a_row + begin * params.a_column;
  var b_at = outer * params.b_outer + inner * params.b_inner + n * params.b_column + begin * params.b_row;

  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var k = begin; k < end; k++) {
    let q = vec4f(b[b_at.x], b[b_at.y], b[b_at.z], b[b_at.w]);
    sum0 += a[a_at.x] * q;
    sum1 += a[a_at.y] * q;
    sum2 += a[a_at.z] * q;
    sum3 += a[a_at.w] * q;
    a_at += vec4u(params.a_column);
    b_at += vec4u(params.b_row);
  }

  if (HAS_BIAS && slice == 0) {
    let offset = vec4f(bias[n.x], bias[n.y], bias[n.z], bias[n.w]);
    sum0 += offset;
    sum1 += offset;
    sum2 += offset;
    sum3 += offset;
  }
  let out = slice * params.batch * params.rows * params.columns
    + outer * params.y_outer + inner * params.y_inner + row * params.y_row + column * params.y_column;
  store(out, column, sum0);
  if (row + 1 < params.rows) { store(out + params.y_row, column, sum1); }
  if (row + 2 < params.rows) { store(out + 2 * params.y_row, column, sum2); }
  if (row + 3 < params.rows) { store(out + 3 * params.y_row, column, sum3); }
}
