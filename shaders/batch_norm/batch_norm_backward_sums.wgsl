// Gradient of batch norm, launch 1 of 2: per channel and slab of rows
//
//   S1 = sum g,  S2 = sum g xhat,  xhat = (x - mean) rstd,  g = dy [act has a slope at gamma xhat + beta]
//
// The channel vectors are copied behind the partial results: launch 2 then stays within eight buffers.

alias Lane = vec4f;

override X: u32 = 8; // lanes across a workgroup, a power of two
override ACTIVATION: u32 = 0; // 0 none, 1 relu, 2 relu6

struct Params {
  rows: u32,
  lanes: u32,
  slab_rows: u32,
  slabs: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<Lane>;
@group(0) @binding(2) var<storage, read_write> dy: array<Lane>;
@group(0) @binding(3) var<storage, read_write> gamma: array<Lane>;
@group(0) @binding(4) var<storage, read_write> beta: array<Lane>;
@group(0) @binding(5) var<storage, read_write> mean: array<Lane>;
@group(0) @binding(6) var<storage, read_write> rstd: array<Lane>;
@group(0) @binding(7) var<storage, read_write> partials: array<Lane>; // [slabs][S1, S2][lanes], gamma, beta, mean, rstd

var<workgroup> sums: array<Lane, 256>;
var<workgroup> products: array<Lane, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let height = 256 / X;
  let across = index % X;
  let down = index / X;
  let lane = group.x * X + across;
  let slab = group.y;
  let end = min((slab + 1) * params.slab_rows, params.rows);

  var sum = Lane(0);
  var product = Lane(0);
  if (lane < params.lanes) {
    let average = mean[lane];
    let inverse = rstd[lane];
    let scale = gamma[lane];
    let shift = beta[lane];
    for (var row = slab * params.slab_rows + down; row < end; row += height) {
      let normal = (x[row * params.lanes + lane] - average) * inverse;
      var g = dy[row * params.lanes + lane];
      if (ACTIVATION > 0) { g = select(Lane(0), g, normal * scale + shift > Lane(0)); }
      if (ACTIVATION > 1) { g = select(Lane(0), g, normal * scale + shift < Lane(6)); }
      sum += g;
      product += g * normal;
    }
    if (slab == 0 && down == 0) {
      let behind = 2 * params.slabs * params.lanes + lane;
      partials[behind] = scale;
      partials[behind + params.lanes] = shift;
      partials[behind + 2 * params.lanes] = average;
      partials[behind + 3 * params.lanes] = inverse;
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
    partials[2 * slab * params.lanes + lane] = sums[index];
    partials[(2 * slab + 1) * params.lanes + lane] = products[index];
  }
}
