// Group norm, launch 2 of 3: a workgroup joins slabs and channels of one group of one sample by Chan's rule, see
// group_norm_statistics.wgsl, in a fixed order: rstd = 1 / sqrt(M2 / n + eps).

struct Params {
  pixels: u32,
  channels: u32,
  slab_pixels: u32,
  slabs: u32,
  groups: u32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> partials: array<f32>; // [samples][slabs][mean, M2][channels]
@group(0) @binding(2) var<storage, read_write> mean: array<f32>; // [samples][groups]
@group(0) @binding(3) var<storage, read_write> rstd: array<f32>;

// Count, mean, M2.
var<workgroup> parts: array<vec3f, 256>;

fn join(a: vec3f, b: vec3f) -> vec3f {
  let n = a.x + b.x;
  let delta = b.y - a.y;
  let share = b.x / max(n, 1);
  return vec3f(n, a.y + delta * share, a.z + b.z + delta * delta * (a.x * share));
}

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let width = params.channels / params.groups;
  let first = group.y * params.slabs;
  var part = vec3f(0);
  for (var i = index; i < params.slabs * width; i += 256) {
    let slab = i / width;
    let channel = group.x * width + i % width;
    let count = min(params.slab_pixels, params.pixels - slab * params.slab_pixels);
    let at = 2 * (first + slab) * params.channels + channel;
    part = join(part, vec3f(f32(count), partials[at], partials[at + params.channels]));
  }
  parts[index] = part;
  for (var half = 128u; half > 0; half /= 2) {
    workgroupBarrier();
    if (index < half) { parts[index] = join(parts[index], parts[index + half]); }
  }
  if (index == 0) {
    mean[group.y * params.groups + group.x] = parts[0].y;
    rstd[group.y * params.groups + group.x] = 1 / sqrt(parts[0].z / parts[0].x + params.eps);
  }
}
