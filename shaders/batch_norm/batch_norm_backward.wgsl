// Gradient of batch norm, launch 2 of 2, with the sums S1 = sum g and S2 = sum g xhat of launch 1:
//
//   dx = gamma rstd (g - S1 / rows - xhat S2 / rows),  dgamma = S2,  dbeta = S1
//
// Every workgroup adds the slabs of its own channels in a fixed order and then walks its rows.

alias Lane = vec4f;

override X: u32 = 8; // lanes across a workgroup, a power of two
override ACTIVATION: u32 = 0; // 0 none, 1 relu, 2 relu6

struct Params {
  rows: u32,
  lanes: u32,
  slabs: u32,
  tile_rows: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<Lane>;
@group(0) @binding(2) var<storage, read_write> dy: array<Lane>;
@group(0) @binding(3) var<storage, read_write> partials: array<Lane>; // [slabs][S1, S2][lanes], gamma, beta, mean, rstd
@group(0) @binding(4) var<storage, read_write> dx: array<Lane>;
@group(0) @binding(5) var<storage, read_write> dgamma: array<Lane>;
@group(0) @binding(6) var<storage, read_write> dbeta: array<Lane>;

var<workgroup> sums: array<Lane, 256>;
var<workgroup> products: array<Lane, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let height = 256 / X;
  let across = index % X;
  let down = index / X;
  let lane = group.x * X + across;

  var sum = Lane(0);
  var product = Lane(0);
  if (lane < params.lanes) {
    for (var slab = down; slab < params.slabs; slab += height) {
      sum += partials[2 * slab * params.lanes + lane];
      product += partials[(2 * slab + 1) * params.lanes + lane];
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
  workgroupBarrier();
  if (lane >= params.lanes) { return; }

  if (group.y == 0 && down == 0) {
    dbeta[lane] = sums[across];
    dgamma[lane] = products[across];
  }

  let share = 1 / f32(params.rows);
  let constant = sums[across] * share;
  let linear = products[across] * share;
  let behind = 2 * params.slabs * params.lanes + lane;
  let scale = partials[behind];
  let shift = partials[behind + params.lanes];
  let average = partials[behind + 2 * params.lanes];
  let inverse = partials[behind + 3 * params.lanes];
  let end = min((group.y + 1) * params.tile_rows, params.rows);
  for (var row = group.y * params.tile_rows + down; row < end; row += height) {
    let normal = (x[row * params.lanes + lane] - average) * inverse;
    var g = dy[row * params.lanes + lane];
    if (ACTIVATION > 0) { g = select(Lane(0), g, normal * scale + shift > Lane(0)); }
    if (ACTIVATION > 1) { g = select(Lane(0), g, normal * scale + shift < Lane(6)); }
    dx[row * params.lanes + lane] = scale * inverse * (g - constant - normal * linear);
  }
}
