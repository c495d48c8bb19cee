// Batch norm in one launch, for maps so small that a workgroup takes all rows of its channels. Statistics are formed as
// in batch_norm_statistics.wgsl, relative to the first row.
//
//   y = act((x - mean) rstd gamma + beta),  rstd = 1 / sqrt(M2 / rows + eps)
//   running_mean = (1 - momentum) running_mean + momentum mean
//   running_var  = (1 - momentum) running_var  + momentum M2 / (rows - 1)

alias Lane = vec4f;

override X: u32 = 8; // lanes across a workgroup, a power of two
override ACTIVATION: u32 = 0; // 0 none, 1 relu, 2 relu6

struct Params {
  rows: u32,
  lanes: u32,
  eps: f32,
  momentum: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<Lane>;
@group(0) @binding(2) var<storage, read_write> gamma: array<Lane>;
@group(0) @binding(3) var<storage, read_write> beta: array<Lane>;
@group(0) @binding(4) var<storage, read_write> y: array<Lane>;
@group(0) @binding(5) var<storage, read_write> mean: array<Lane>;
@group(0) @binding(6) var<storage, read_write> rstd: array<Lane>;
@group(0) @binding(7) var<storage, read_write> running_mean: array<Lane>;
@group(0) @binding(8) var<storage, read_write> running_var: array<Lane>;

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
    let pivot = x[lane];
    var row = down;
    while (row + 3 * height < params.rows) {
      let a = x[row * params.lanes + lane] - pivot;
      let b = x[(row + height) * params.lanes + lane] - pivot;
      let c = x[(row + 2 * height) * params.lanes + lane] - pivot;
      let d = x[(row + 3 * height) * params.lanes + lane] - pivot;
      let four = ((a + b) + (c + d)) * 0.25;
      let spread = (a - four) * (a - four) + (b - four) * (b - four) + (c - four) * (c - four) + (d - four) * (d - four);
      let delta = four - centre;
      let share = 4 / (n + 4);
      centre += delta * share;
      m2 += spread + delta * delta * (n * share);
      n += 4;
      row += 4 * height;
    }
    while (row < params.rows) {
      let value = x[row * params.lanes + lane] - pivot;
      n += 1;
      let delta = value - centre;
      centre += delta / n;
      m2 += delta * (value - centre);
      row += height;
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

  let average = x[lane] + means[across];
  let spread = squares[across];
  let inverse = 1 / sqrt(spread / f32(params.rows) + params.eps);
  let scale = inverse * gamma[lane];
  let shift = beta[lane];
  if (down == 0) {
    mean[lane] = average;
    rstd[lane] = inverse;
    let kept = 1 - params.momentum;
    running_mean[lane] = kept * running_mean[lane] + params.momentum * average;
    running_var[lane] = kept * running_var[lane] + params.momentum * (spread / f32(params.rows - 1));
  }
  for (var row = down; row < params.rows; row += height) {
    var value = (x[row * params.lanes + lane] - average) * scale + shift;
    if (ACTIVATION > 0) { value = max(value, Lane(0)); }
    if (ACTIVATION > 1) { value = min(value, Lane(6)); }
    y[row * params.lanes + lane] = value;
  }
}
