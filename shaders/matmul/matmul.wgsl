// Matrix product, batched, with every dimension that is contiguous in memory (and K, and N) a multiple of 4.
//
//   y[b, m, n] = bias[n] + sum over k of  A[b, m, k] * B[b, k, n]
//
// A is stored [M, K], or [K, M] when TRANSPOSE_A; B is stored [K, N], or [N, K] when TRANSPOSE_B. An invocation has
// 4 x 4 values from 4 x 4 blocks of A and B; transposing a block in registers is only a naming of its lanes.
// When K is long for the size of y it is split into `slices`, each summed into its own copy of y; sum_slices.wgsl adds
// the copies in order.

override TRANSPOSE_A: bool = false;
override TRANSPOSE_B: bool = false;
override HAS_BIAS: bool = false;
override LANES_N: u32 = 8;
override LANES_M: u32 = 8;

// `columns`, `depth` and `slice_depth` count quads: 4 values, one vec4f. `a_batch` and `b_batch` are the quads from one
// matrix of the batch to the next (0: shared).
struct Params {
  batch: u32,
  rows: u32,
  columns: u32,
  depth: u32,
  slice_depth: u32,
  slices: u32,
  a_batch: u32,
  b_batch: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> a: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(LANES_N, LANES_M)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) lane: vec3u,
) {
  let tiles_n = (params.columns + LANES_N - 1) / LANES_N;
  let tiles_m = (params.rows + LANES_M * 4 - 1) / (LANES_M * 4);
  let tile = workgroup.y * workgroups.x + workgroup.x;
  let n_quad = tile % tiles_n * LANES_N + lane.x;
  let row = (tile / tiles_n % tiles_m * LANES_M + lane.y) * 4;
  let batch = tile / (tiles_n * tiles_m) % params.batch;
  let slice = tile / (tiles_n * tiles_m * params.batch);
  if (n_quad >= params.columns || row >= params.rows || slice >= params.slices) { return; }

  // Where the 4 vectors of the next block of A and of B are. Rows past the end repeat the last one and are not stored.
  let begin = slice * params.slice_depth;
  let end = min(begin + params.slice_depth, params.depth);
  let steps = vec4u(0, 1, 2, 3);
  var a_at = vec4u(batch * params.a_batch);
  var a_step = 1u;
  if (TRANSPOSE_A) {
    a_step = params.rows;
    a_at += (begin * 4 + steps) * (params.rows / 4) + row / 4;
  } else {
    a_at += min(row + steps, vec4u(params.rows - 1)) * params.depth + begin;
  }
  var b_at = vec4u(batch * params.b_batch);
  var b_step = 1u;
  if (TRANSPOSE_B) {
    b_at += (n_quad * 4 + steps) * params.depth + begin;
  } else {
    b_step = params.columns * 4;
    b_at += (begin * 4 + steps) * params.columns + n_quad;
  }

  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var k = begin; k < end; k++) {
    var p = mat4x4f(a[a_at.x], a[a_at.y], a[a_at.z], a[a_at.w]);
    var q = mat4x4f(b[b_at.x], b[b_at.y], b[b_at.z], b[b_at.w]);
    if (TRANSPOSE_A) { p = transpose(p); }
    if (TRANSPOSE_B) { q = transpose(q); }
    sum0 += p[0].x * q[0]; sum0 += p[0].y * q[1]; sum0 += p[0].z * q[2]; sum0 += p[0].w * q[3];
    sum1 += p[1].x * q[0]; sum1 += p[1].y * q[1]; sum1 += p[1].z * q[2]; sum1 += p[1].w * q[3];
    sum2 += p[2].x * q[0]; sum2 += p[2].y * q[1]; sum2 += p[2].z * q[2]; sum2 += p[2].w * q[3];
    sum3 += p[3].x * q[0]; sum3 += p[3].y * q[1]; sum3 += p[3].z * q[2]; sum3 += p[3].w * q[3];
    a_at += vec4u(a_step);
    b_at += vec4u(b_step);
  }

  var offset = vec4f();
  if (HAS_BIAS && slice == 0) { offset = bias[n_quad]; }
  let out = ((slice * params.batch + batch) * params.rows + row) * params.columns + n_quad;
  y[out] = sum0 + offset;
  if (row + 1 < params.rows) { y[out + params.columns] = sum1 + offset; }
  if (row + 2 < params.rows) { y[out + 2 * params.columns] = sum2 + offset; }
  if (row + 3 < params.rows) { y[out + 3 * params.columns] = sum3 + offset; }
}
