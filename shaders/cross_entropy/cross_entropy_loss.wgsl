// Softmax cross entropy, launch 2 of 2: loss = sum of losses, over the sum of divisors for a MEAN. One workgroup.

override MEAN: bool = true;

struct Params {
  count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> partials: array<vec2f>; // loss, divisor
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;

var<workgroup> totals: array<vec2f, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) index: u32) {
  var total = vec2f(0);
  for (var i = index; i < params.count; i += 256) {
    total += partials[i];
  }
  totals[index] = total;
  for (var half = 128u; half > 0; half /= 2) {
    workgroupBarrier();
    if (index < half) { totals[index] += totals[index + half]; }
  }
  if (index == 0) {
    loss[0] = select(totals[0].x, totals[0].x / totals[0].y, MEAN);
  }
}
