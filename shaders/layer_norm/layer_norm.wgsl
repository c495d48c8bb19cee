// y = (x - mean) rstd gamma + beta along each line of x[lines][channels], with rstd = 1 / sqrt(variance + eps), or
// 1 / (sqrt(variance) + eps) where eps belongs to the deviation.
//
// A workgroup works on 256 / X lines, X neighbouring invocations each.

override X: u32 = 32; // invocations of a line, a power of two
override OF_DEVIATION: bool = false;

struct Params {
  lines: u32,
  channels: u32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> gamma: array<f32>;
@group(0) @binding(3) var<storage, read_write> beta: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(5) var<storage, read_write> mean: array<f32>;
@group(0) @binding(6) var<storage, read_write> rstd: array<f32>;

var<workgroup> terms: array<f32, 256>;

// Sum over the X invocations of each line, in a fixed order; all of them get it.
fn sum_of_line(value: f32, index: u32) -> f32 {
  terms[index] = value;
  for (var half = X / 2; half > 0; half /= 2) {
    workgroupBarrier();
    if (index % X < half) { terms[index] += terms[index + half]; }
  }
  workgroupBarrier();
  let result = terms[index - index % X];
  workgroupBarrier();
  return result;
}

@compute @workgroup_size(256)
fn main(
  @builtin(local_invocation_index) index: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let k = index % X;
  let wanted = (group.y * groups.x + group.x) * (256 / X) + index / X;
  let line = min(wanted, params.lines - 1); // all must reach the barriers
  let start = line * params.channels;
  let share = 1 / f32(params.channels);

  var sum = 0.0;
  for (var c = k; c < params.channels; c += X) { sum += x[start + c]; }
  let average = sum_of_line(sum, index) * share;

  var squares = 0.0;
  for (var c = k; c < params.channels; c += X) {
    let d = x[start + c] - average;
    squares += d * d;
  }
  let variance = sum_of_line(squares, index) * share;
  if (wanted >= params.lines) { return; }

  var inverse = 1 / sqrt(variance + params.eps);
  if (OF_DEVIATION) { inverse = 1 / (sqrt(variance) + params.eps); }
  for (var c = k; c < params.channels; c += X) {
    y[start + c] = (x[start + c] - average) * inverse * gamma[c] + beta[c];
  }
  if (k == 0) {
    mean[line] = average;
    rstd[line] = inverse;
  }
}
