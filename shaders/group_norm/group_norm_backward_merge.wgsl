// Gradient of group norm, launch 3 of 4: mean(g) and mean(g xhat), g = dy gamma, of one group of one sample.

struct Params {
  pixels: u32,
  channels: u32,
  slabs: u32,
  groups: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> partials: array<f32>; // [samples][slabs][sum dy, sum dy xhat][channels]
@group(0) @binding(2) var<storage, read_write> gamma: array<f32>;
@group(0) @binding(3) var<storage, read_write> means: array<vec2f>; // [samples][groups]

var<workgroup> sums: array<vec2f, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let width = params.channels / params.groups;
  let first = group.y * params.slabs;
  var sum = vec2f(0);
  for (var i = index; i < params.slabs * width; i += 256) {
    let channel = group.x * width + i % width;
    let at = 2 * (first + i / width) * params.channels + channel;
    sum += gamma[channel] * vec2f(partials[at], partials[at + params.channels]);
  }
  sums[index] = sum;
  for (var half = 128u; half > 0; half /= 2) {
    workgroupBarrier();
    if (index < half) { sums[index] += sums[index + half]; }
  }
  if (index == 0) { means[group.y * params.groups + group.x] = sums[0] / (f32(params.pixels) * f32(width)); }
}
