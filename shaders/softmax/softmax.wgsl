// y = exp(x - m) / sum exp(x - m), m = max x, or with LOG its logarithm x - m - log sum exp(x - m), along one axis.
//
// A workgroup works on 256 / X lines along the axis, X invocations each. Element d of a line is
// line / inner * length * inner + line % inner + d * inner.

override X: u32 = 32; // invocations of a line, a power of two
override ALONG: bool = true; // neighbouring invocations share a line: the axis is the fast one
override LOG: bool = false;

struct Params {
  lines: u32,
  length: u32,
  inner: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

var<workgroup> terms: array<f32, 256>;

// Sum over the X invocations of each line, in a fixed order; all of them get it.
fn sum_of_line(value: f32, slot: u32) -> f32 {
  let lines = 256 / X;
  terms[slot] = value;
  for (var half = X / 2; half > 0; half /= 2) {
    workgroupBarrier();
    if (slot / lines < half) { terms[slot] += terms[slot + half * lines]; }
  }
  workgroupBarrier();
  let result = terms[slot % lines];
  workgroupBarrier();
  return result;
}

// Maximum over the X invocations of each line, in a fixed order; all of them get it.
fn max_of_line(value: f32, slot: u32) -> f32 {
  let lines = 256 / X;
  terms[slot] = value;
  for (var half = X / 2; half > 0; half /= 2) {
    workgroupBarrier();
    if (slot / lines < half) { terms[slot] = max(terms[slot], terms[slot + half * lines]); }
  }
  workgroupBarrier();
  let result = terms[slot % lines];
  workgroupBarrier();
  return result;
}

@compute @workgroup_size(256)
fn main(
  @builtin(local_invocation_index) index: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let across = 256 / X;
  let k = select(index / across, index % X, ALONG);
  let own = select(index % across, index / X, ALONG);
  let slot = k * across + own;
  let wanted = (group.y * groups.x + group.x) * across + own;
  let line = min(wanted, params.lines - 1); // all must reach the barriers
  let start = line / params.inner * params.length * params.inner + line % params.inner;

  var largest = -3.4028234e38;
  for (var d = k; d < params.length; d += X) {
    largest = max(largest, x[start + d * params.inner]);
  }
  largest = max_of_line(largest, slot);

  var sum = 0.0;
  for (var d = k; d < params.length; d += X) {
    sum += exp(x[start + d * params.inner] - largest);
  }
  sum = sum_of_line(sum, slot);
  if (wanted >= params.lines) { return; }

  for (var d = k; d < params.length; d += X) {
    let shifted = x[start + d * params.inner] - largest;
    if (LOG) {
      y[start + d * params.inner] = shifted - log(sum);
    } else {
      y[start + d * params.inner] = exp(shifted) / sum;
    }
  }
}
