// Batch norm, launch 2 of 2: y = act((x - mean) rstd gamma + beta), rstd = 1 / sqrt(M2 / rows + eps).
//
// Every workgroup merges the slabs of its own channels (Chan's rule, see batch_norm_statistics.wgsl) and then walks its
// rows; the first one of each channel block also stores mean and rstd and moves the running statistics:
//
//   running_mean = (1 - momentum) running_mean + momentum mean
//   running_var  = (1 - momentum) running_var  + momentum M2 / (rows - 1)

alias Lane = vec4f;

override X: u32 = 8; // lanes across a workgroup, a power of two
override ACTIVATION: u32 = 0; // 0 none, 1 relu, 2 relu6

struct Params {
  rows: u32,
  lanes: u32,
  slab_rows: u32,
  slabs: u32,
  tile_rows: u32,
  eps: f32,
  momentum: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<Lane>;
@group(0) @binding(2) var<storage, read_write> partials: array<Lane>; // [slabs][mean, M2][lanes], gamma[lanes], beta[lanes]
@group(0) @binding(3) var<storage, read_write> y: array<Lane>;
@group(0) @binding(4) var<storage, read_write> mean: array<Lane>;
@group(0) @binding(5) var<storage, read_write> rstd: array<Lane>;
@group(0) @binding(6) var<storage, read_write> running_mean: array<Lane>;
@group(0) @binding(7) var<storage, read_write> running_var: array<Lane>;

var<workgroup> counts: array<f32, 256>;
var<workgroup> means: array<Lane, 256>;
var<workgroup> squares: array<Lane, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let height = 256 / X;
  let across = index % X;
  let down = index / X;
  let lane = group.x * X + across;

  var n = 0.0;
  var centre = Lane(0);
  var m2 = Lane(0);
  if (lane < params.lanes) {
    for (var slab = down; slab < params.slabs; slab += height) {
      let first = slab * params.slab_rows;
      let count = f32(min(params.slab_rows, params.rows - first));
      let delta = partials[2 * slab * params.lanes + lane] - centre;
      let share = count / (n + count);
      centre += delta * share;
      m2 += partials[(2 * slab + 1) * params.lanes + lane] + delta * delta * (n * share);
      n += count;
    }
  }
  counts[index] = n;
  means[index] = centre;
  squares[index] = m2;
  for (var half = height / 2; half > 0; half /= 2) {
    workgroupBarrier();
    if (down < half) {
      let j = index + half * X;
      let total = counts[index] + counts[j];
      let delta = means[j] - means[index];
      let share = counts[j] / max(total, 1);
      means[index] += delta * share;
      squares[index] += squares[j] + delta * delta * (counts[index] * share);
      counts[index] = total;
    }
  }
  workgroupBarrier();
  if (lane >= params.lanes) { return; }

  let pivot = x[lane]; // what the means are relative to
  let average = pivot + means[across];
  let spread = squares[across];
  let inverse = 1 / sqrt(spread / f32(params.rows) + params.eps);
  let scale = inverse * partials[2 * params.slabs * params.lanes + lane];
  let shift = partials[(2 * params.slabs + 1) * params.lanes + lane];

  if (group.y == 0 && down == 0) {
    mean[lane] = average;
    rstd[lane] = inverse;
    let kept = 1 - params.momentum;
    running_mean[lane] = kept * running_mean[lane] + params.momentum * average;
    running_var[lane] = kept * running_var[lane] + params.momentum * (spread / f32(params.rows - 1));
  }

  let end = min((group.y + 1) * params.tile_rows, params.rows);
  for (var row = group.y * params.tile_rows + down; row < end; row += height) {
    var value = (x[row * params.lanes + lane] - average) * scale + shift;
    if (ACTIVATION > 0) { value = max(value, Lane(0)); }
    if (ACTIVATION > 1) { value = min(value, Lane(6)); }
    y[row * params.lanes + lane] = value;
  }
}
