// Gradient of batch norm in one launch, for maps so small that a workgroup takes all rows of its channels:
//
//   S1 = sum g,  S2 = sum g xhat,  xhat = (x - mean) rstd,  g = dy [act has a slope at gamma xhat + beta]
//   dx = gamma rstd (g - S1 / rows - xhat S2 / rows),  dgamma = S2,  dbeta = S1

alias Lane = vec4f;

override X: u32 = 8; // lanes across a workgroup, a power of two
override ACTIVATION: u32 = 0; // 0 none, 1 relu, 2 relu6

struct Params {
  rows: u32,
  lanes: u32,
  rstd_at: u32, // lanes from the mean to the rstd
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<Lane>;
@group(0) @binding(2) var<storage, read_write> dy: array<Lane>;
@group(0) @binding(3) var<storage, read_write> gamma: array<Lane>;
@group(0) @binding(4) var<storage, read_write> beta: array<Lane>;
@group(0) @binding(5) var<storage, read_write> statistics: array<Lane>; // mean, then rstd: one buffer, to stay within eight
@group(0) @binding(6) var<storage, read_write> dx: array<Lane>;
@group(0) @binding(7) var<storage, read_write> dgamma: array<Lane>;
@group(0) @binding(8) var<storage, read_write> dbeta: array<Lane>;

var<workgroup> sums: array<Lane, 256>;
var<workgroup> products: array<Lane, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let height = 256 / X;
  let across = index % X;
  let down = index / X;
  let lane = min(group.x * X + across, params.lanes - 1); // past the end repeats the last one and is not stored
  let inside = group.x * X + across < params.lanes;
  let average = statistics[lane];
  let inverse = statistics[params.rstd_at + lane];
  let scale = gamma[lane];
  let shift = beta[lane];

  var sum = Lane(0);
  var product = Lane(0);
  for (var row = down; row < params.rows; row += height) {
    let normal = (x[row * params.lanes + lane] - average) * inverse;
    var g = dy[row * params.lanes + lane];
    if (ACTIVATION > 0) { g = select(Lane(0), g, normal * scale + shift > Lane(0)); }
    if (ACTIVATION > 1) { g = select(Lane(0), g, normal * scale + shift < Lane(6)); }
    sum += g;
    product += g * normal;
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
  if (!inside) { return; }

  if (down == 0) {
    dbeta[lane] = sums[across];
    dgamma[lane] = products[across];
  }
  let share = 1 / f32(params.rows);
  let constant = sums[across] * share;
  let linear = products[across] * share;
  for (var row = down; row < params.rows; row += height) {
    let normal = (x[row * params.lanes + lane] - average) * inverse;
    var g = dy[row * params.lanes + lane];
    if (ACTIVATION > 0) { g = select(Lane(0), g, normal * scale + shift > Lane(0)); }
    if (ACTIVATION > 1) { g = select(Lane(0), g, normal * scale + shift < Lane(6)); }
    dx[row * params.lanes + lane] = scale * inverse * (g - constant - normal * linear);
  }
}
