// Gradient of group norm, launch 1 of 4: per sample, slab of pixels and channel, sum dy and sum dy xhat with
// xhat = (x - mean) rstd. channel_sums.wgsl adds them to dbeta and dgamma.

alias Lane = vec4f;

override X: u32 = 8; // lanes across a workgroup, a power of two

struct Params {
  pixels: u32,
  lanes: u32,
  slab_pixels: u32,
  slabs: u32,
  groups: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<Lane>;
@group(0) @binding(2) var<storage, read_write> dy: array<Lane>;
@group(0) @binding(3) var<storage, read_write> mean: array<f32>;
@group(0) @binding(4) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(5) var<storage, read_write> partials: array<Lane>; // [samples][slabs][sum dy, sum dy xhat][lanes]

var<workgroup> sums: array<Lane, 256>;
var<workgroup> products: array<Lane, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let height = 256 / X;
  let across = index % X;
  let down = index / X;
  let lane = group.x * X + across;
  let end = min((group.y + 1) * params.slab_pixels, params.pixels);

  var sum = Lane(0);
  var product = Lane(0);
  if (lane < params.lanes) {
    let sample = group.z * params.pixels * params.lanes;
    let own = group.z * params.groups + lane / (params.lanes / params.groups);
    for (var pixel = group.y * params.slab_pixels + down; pixel < end; pixel += height) {
      let i = sample + pixel * params.lanes + lane;
      sum += dy[i];
      product += dy[i] * ((x[i] - mean[own]) * rstd[own]);
    }
  }

  sums[index] = sum;
  products[index] = product;
  for (var half = height / 2; half > 0; half /= 2) {
    workgroupBarrier();
    if (down < half) {
      sums[index] += sums[index + half * X];
      products[index] += products[index + half * X];
    }
  }
  if (down == 0 && lane < params.lanes) {
    let slab = group.z * params.slabs + group.y;
    partials[2 * slab * params.lanes + lane] = sums[index];
    partials[(2 * slab + 1) * params.lanes + lane] = products[index];
  }
}
