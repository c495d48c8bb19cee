// Matrix product, batched, for products large enough to fill a GPU with taller tiles.
//
//   y[b, m, n] = bias[n] + sum over k of  A[b, m, k] * B[b, k, n]
//
// matmul.wgsl with 8 x 4 values an invocation: each block of B serves twice as many rows. The order of every sum is the
// same, so the results are the same to the bit.

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
  let tiles_m = (params.rows + LANES_M * 8 - 1) / (LANES_M * 8);
  let tile = workgroup.y * workgroups.x + workgroup.x;
  let n_quad = tile % tiles_n * LANES_N + lane.x;
  let row = (tile / tiles_n % tiles_m * LANES_M + lane.y) * 8;
  let batch = tile / (tiles_n * tiles_m) % params.batch;
  let slice = tile / (tiles_n * tiles_m * params.batch);
  if (n_quad >= params.columns || row >= params.rows || slice >= params.slices) { return; }

  // Where the vectors of the next two blocks of A and of the next block of B are.
  // Rows past the end repeat the last ones and are not stored.
  let begin = slice * params.slice_depth;
  let end = min(begin + params.slice_depth, params.depth);
  let steps = vec4u(0, 1, 2, 3);
  var a0_at = vec4u(batch * params.a_batch);
  var a1_at = a0_at;
  var a_step = 1u;
  if (TRANSPOSE_A) {
    a_step = params.rows;
    a0_at += (begin * 4 + steps) * (params.rows / 4) + row / 4;
    a1_at += (begin * 4 + steps) * (params.rows / 4) + min(row / 4 + 1, params.rows / 4 - 1);
  } else {
    a0_at += min(row + steps, vec4u(params.rows - 1)) * params.depth + begin;
    a1_at += min(row + 4 + steps, vec4u(params.rows - 1)) * params.depth + begin;
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
  var sum4 = vec4f();
  var sum5 = vec4f();
  var sum6 = vec4f();
  var sum7 = vec4f();
  for (var k = begin; k < end; k++) {
    var p0 = mat4x4f(a[a0_at.x], a[a0_at.y], a[a0_at.z], a[a0_at.w]);
    var p1 = mat4x4f(a[a1_at.x], a[a1_at.y], a[a1_at.z], a[a1_at.w]);
    var q = mat4x4f(b[b_at.x], b[b_at.y], b[b_at.z], b[b_at.w]);
    if (TRANSPOSE_A) {
      p0 = transpose(p0);
      p1 = transpose(p1);
    }
    if (TRANSPOSE_B) { q = transpose(q); }
    sum0 += p0[0].x * q[0]; sum0 += p0[0].y * q[1]; sum0 += p0[0].z * q[2]; sum0 += p0[0].w * q[3];
    sum1 += p0[1].x * q[0]; sum1 += p0[1].y * q[1]; sum1 += p0[1].z * q[2]; sum1 += p0[1].w * q[3];
    sum2 += p0[2].x * q[0]; sum2 += p0[2].y * q[1]; sum2 += p0[2].z * q[2]; sum2 += p0[2].w * q[3];
    sum3 += p0[3].x * q[0]; sum3 += p0[3].y * q[1]; sum3 += p0[3].z * q[2]; sum3 += p0[3].w * q[3];
    sum4 += p1[0].x * q[0]; sum4 += p1[0].y * q[1]; sum4 += p1[0].z * q[2]; sum4 += p1[0].w * q[3];
    sum5 += p1[1].x * q[0]; sum5 += p1[1].y * q[1]; sum5 += p1[1].z * q[2]; sum5 += p1[1].w * q[3];
    sum6 += p1[2].x * q[0]; sum6 += p1[2].y * q[1]; sum6 += p1[2].z * q[2]; sum6 += p1[2].w * q[3];
    sum7 += p1[3].x * q[0]; sum7 += p1[3].y * q[1]; sum7 += p1[3].z * q[2]; sum7 += p1[3].w * q[3];
    a0_at += vec4u(a_step);
    a1_at += vec4u(a_step);
    b_at += vec4u(b_step);
  }

  var offset = vec4f();
  if (HAS_BIAS && slice == 0) { offset = bias[n_quad]; }
  let out = ((slice * params.batch + batch) * params.rows + row) * params.columns + n_quad;
  y[out] = sum0 + offset;
  if (row + 1 < params.rows) { y[out + params.columns] = sum1 + offset; }
  if (row + 2 < params.rows) { y[out + 2 * params.columns] = sum2 + offset; }
  if (row + 3 < params.rows) { y[out + 3 * params.columns] = sum3 + offset; }
  if (row + 4 < params.rows) { y[out + 4 * params.columns] = sum4 + offset; }
  if (row + 5 < params.rows) { y[out + 5 * params.columns] = sum5 + offset; }
  if (row + 6 < params.rows) { y[out + 6 * params.columns] = sum6 + offset; }
  if (row + 7 < params.rows) { y[out + 7 * params.columns] = sum7 + offset; }
}
