// Per channel and slab of lines, the partial sums of dbeta = sum dy and dgamma = sum dy xhat, xhat = (x - mean) rstd,
// which channel_sums.wgsl adds.

alias Lane = vec4f;

override X: u32 = 8; // lanes across a workgroup, a power of two

struct Params {
  lines: u32,
  lanes: u32,
  slab_lines: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<Lane>;
@group(0) @binding(2) var<storage, read_write> dy: array<Lane>;
@group(0) @binding(3) var<storage, read_write> mean: array<f32>;
@group(0) @binding(4) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(5) var<storage, read_write> partials: array<Lane>; // [slabs][sum dy, sum dy xhat][lanes]

var<workgroup> sums: array<Lane, 256>;
var<workgroup> products: array<Lane, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let height = 256 / X;
  let across = index % X;
  let down = index / X;
  let lane = group.x * X + across;
  let slab = group.y;
  let end = min((slab + 1) * params.slab_lines, params.lines);

  var sum = Lane(0);
  var product = Lane(0);
  if (lane < params.lanes) {
    for (var line = slab * params.slab_lines + down; line < end; line += height) {
      let g = dy[line * params.lanes + lane];
      sum += g;
      product += g * ((x[line * params.lanes + lane] - mean[line]) * rstd[line]);
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
