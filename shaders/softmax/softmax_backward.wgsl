// dx = y (dy - sum y dy), or with LOG dx = dy - exp(y) sum dy, along one axis.
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
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

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

  var sum = 0.0;
  for (var d = k; d < params.length; d += X) {
    let element = start + d * params.inner;
    if (LOG) {
      sum += dy[element];
    } else {
      sum += y[element] * dy[element];
    }
  }
  sum = sum_of_line(sum, slot);
  if (wanted >= params.lines) { return; }

  for (var d = k; d < params.length; d += X) {
    let element = start + d * params.inner;
    if (LOG) {
      dx[element] = dy[element] - exp(y[element]) * sum;
    } else {
      dx[element] = y[element] * (dy[element] - sum);
    }
  }
}
