// y = x * keep / (1 - p) with keep = u >= p, u from Philox4x32-10 (Salmon, Moraes, Dror and Shaw, SC'11).
//
// Key (seed, stream), counter (index / 4, step, 0, 0): one block of four words for the four elements of a vector. A word
// gives u = (word >> 8) 2^-24. The backward pass is the same launch on dy.

struct Params {
  vectors: u32,
  seed: u32,
  stream: u32,
  p: f32,
  scale: f32, // 1 / (1 - p)
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> counter: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

// The 64 bits of a * b as (low, high): WGSL multiplies 32 bits only, so in halves of 16.
fn multiply(a: u32, b: u32) -> vec2u {
  let a0 = a & 0xffff;
  let a1 = a >> 16;
  let b0 = b & 0xffff;
  let b1 = b >> 16;
  let middle = a1 * b0 + ((a0 * b0) >> 16); // at most (2^16 - 1)^2 + 2^16 - 1, which fits
  let carry = a0 * b1 + (middle & 0xffff);
  return vec2u(a * b, a1 * b1 + (middle >> 16) + (carry >> 16));
}

fn philox(block: u32, step: u32) -> vec4u {
  var state = vec4u(block, step, 0, 0);
  var key = vec2u(params.seed, params.stream);
  for (var round = 0; round < 10; round++) {
    let even = multiply(0xd2511f53, state.x);
    let odd = multiply(0xcd9e8d57, state.z);
    state = vec4u(odd.y ^ state.y ^ key.x, odd.x, even.y ^ state.w ^ key.y, even.x);
    key += vec2u(0x9e3779b9, 0xbb67ae85);
  }
  return state;
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 256 + id.x;
  if (i >= params.vectors) { return; }

  let u = vec4f(philox(i, counter[0]) >> vec4u(8)) * 0x1p-24f;
  y[i] = select(vec4f(0), x[i] * params.scale, u >= vec4f(params.p));
}
