// Adam (arXiv:1412.6980) and, with DECOUPLED, AdamW (arXiv:1711.05101) on all parameters in one launch; PyTorch's rule:
//
//   g = coefficient grad (+ weight_decay p, or p *= 1 - lr weight_decay when decoupled)
//   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
//   p -= lr (m / correction1) / (sqrt(v / correction2) + eps),  correction = 1 - beta^t

override DECOUPLED: bool = false;

struct Params {
  chunks: u32,
  beta1: f32,
  beta2: f32,
  rest1: f32, // 1 - beta1, which f32 would round coarsely
  rest2: f32,
  eps: f32,
}

// One workgroup for each piece of a tensor. Lengths are rounded up to vectors: what lies behind a tensor is padding.
struct Chunk {
  start: u32, // element of the block
  length: u32,
  weight_decay: f32,
  lr_multiplier: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> gradients: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> first_moments: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> second_moments: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> scalars: array<f32>; // lr, correction1, correction2, coefficient
@group(0) @binding(6) var<storage, read_write> table: array<Chunk>;

@compute @workgroup_size(256)
fn main(
  @builtin(local_invocation_index) index: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let row = group.y * groups.x + group.x;
  if (row >= params.chunks) { return; }
  let chunk = table[row];
  let rate = scalars[0] * chunk.lr_multiplier;
  let end = (chunk.start + chunk.length + 3) / 4;
  for (var i = chunk.start / 4 + index; i < end; i += 256) {
    var p = parameters[i];
    var g = scalars[3] * gradients[i];
    if (DECOUPLED) {
      p -= rate * chunk.weight_decay * p;
    } else {
      g += chunk.weight_decay * p;
    }
    let m = params.beta1 * first_moments[i] + params.rest1 * g;
    let v = params.beta2 * second_moments[i] + params.rest2 * g * g;
    first_moments[i] = m;
    second_moments[i] = v;
    parameters[i] = p - rate * (m / scalars[1]) / (sqrt(v / scalars[2]) + params.eps);
  }
}
