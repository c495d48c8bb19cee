// Norm over many tensors, launch 2 of 2: norm = sqrt(sum of squares), coefficient = min(1, max_norm / (norm + 1e-6)) or
// 1 when max_norm is 0, as torch.nn.utils.clip_grad_norm_ has it. One workgroup.

struct Params {
  count: u32,
  max_norm: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> partials: array<f32>;
@group(0) @binding(2) var<storage, read_write> norm: array<f32>;
@group(0) @binding(3) var<storage, read_write> coefficient: array<f32>;

var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) index: u32) {
  var sum = 0.0;
  for (var i = index; i < params.count; i += 256) {
    sum += partials[i];
  }
  sums[index] = sum;
  for (var half = 128u; half > 0; half /= 2) {
    workgroupBarrier();
    if (index < half) { sums[index] += sums[index + half]; }
  }
  if (index == 0) {
    let length = sqrt(sums[0]);
    norm[0] = length;
    coefficient[0] = select(1.0, min(1.0, params.max_norm / (length + 1e-6)), params.max_norm > 0);
  }
}
