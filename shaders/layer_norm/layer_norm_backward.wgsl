// dx = rstd (g - mean(g) - xhat mean(g xhat) / f), g = dy gamma, xhat = (x - mean) rstd, along each line. f is 1, or
// 1 - eps rstd where eps belongs to the deviation; a line without deviation has xhat = 0, and loses the term.

override X: u32 = 32; // invocations of a line, a power of two
override OF_DEVIATION: bool = false;

struct Params {
  lines: u32,
  channels: u32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> gamma: array<f32>;
@group(0) @binding(4) var<storage, read_write> mean: array<f32>;
@group(0) @binding(5) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(6) var<storage, read_write> dx: array<f32>;

var<workgroup> terms: array<vec2f, 256>;

// Sums over the X invocations of each line, in a fixed order; all of them get them.
fn sums_of_line(value: vec2f, index: u32) -> vec2f {
  terms[index] = value;
  for (var half = X / 2; half > 0; half /= 2) {
    workgroupBarrier();
    if (index % X < half) { terms[index] += terms[index + half]; }
  }
  workgroupBarrier();
  return terms[index - index % X];
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
  let average = mean[line];
  let inverse = rstd[line];

  var sums = vec2f(0);
  for (var c = k; c < params.channels; c += X) {
    let g = dy[start + c] * gamma[c];
    sums += vec2f(g, g * (x[start + c] - average) * inverse);
  }
  sums = sums_of_line(sums, index) / f32(params.channels);
  if (wanted >= params.lines) { return; }

  if (OF_DEVIATION) {
    let ratio = 1 - params.eps * inverse;
    sums.y = select(0.0, sums.y / ratio, ratio > 0);
  }
  for (var c = k; c < params.channels; c += X) {
    let normal = (x[start + c] - average) * inverse;
    dx[start + c] = inverse * (dy[start + c] * gamma[c] - sums.x - normal * sums.y);
  }
}
