// Batch norm with given statistics: y = act((x - mean) gamma / sqrt(variance + eps) + beta). With SAVED, `variance`
// holds 1 / sqrt(variance + eps) and the arithmetic is that of batch_norm_normalize.wgsl, bit for bit.

alias Lane = vec4f;

override X: u32 = 8; // lanes across a workgroup, a power of two
override ACTIVATION: u32 = 0; // 0 none, 1 relu, 2 relu6
override SAVED: u32 = 0; // 1: variance is rstd

struct Params {
  rows: u32,
  lanes: u32,
  tile_rows: u32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<Lane>;
@group(0) @binding(2) var<storage, read_write> gamma: array<Lane>;
@group(0) @binding(3) var<storage, read_write> beta: array<Lane>;
@group(0) @binding(4) var<storage, read_write> mean: array<Lane>;
@group(0) @binding(5) var<storage, read_write> variance: array<Lane>;
@group(0) @binding(6) var<storage, read_write> y: array<Lane>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let height = 256 / X;
  let across = index % X;
  let down = index / X;
  let lane = group.x * X + across;
  if (lane >= params.lanes) { return; }

  let average = mean[lane];
  var scale = variance[lane] * gamma[lane];
  if (SAVED == 0) { scale = gamma[lane] / sqrt(variance[lane] + params.eps); }
  let shift = beta[lane];
  let end = min((group.y + 1) * params.tile_rows, params.rows);
  for (var row = group.y * params.tile_rows + down; row < end; row += height) {
    var value = (x[row * params.lanes + lane] - average) * scale + shift;
    if (ACTIVATION > 0) { value = max(value, Lane(0)); }
    if (ACTIVATION > 1) { value = min(value, Lane(6)); }
    y[row * params.lanes + lane] = value;
  }
}
