// Batch norm, launch 1 of 2: mean (less the first row) and sum of squared deviations (M2) of a slab of rows, per channel.
//
// Four rows at a time are centred on their own mean and joined to what came before by Chan's rule (Chan, Golub and
// LeVeque 1979), so nothing like E[x^2] - E[x]^2 is ever formed:
//
//   d = mean_b - mean_a;  mean = mean_a + d n_b / n;  M2 = M2_a + M2_b + d^2 n_a n_b / n
//
// Everything is relative to the first row, so that a large mean costs the deviations no digits.
// gamma and beta are copied behind the partial results: launch 2 then stays within eight buffers.

alias Lane = vec4f;

override X: u32 = 8; // lanes across a workgroup, a power of two

struct Params {
  rows: u32,
  lanes: u32,
  slab_rows: u32,
  slabs: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<Lane>;
@group(0) @binding(2) var<storage, read_write> gamma: array<Lane>;
@group(0) @binding(3) var<storage, read_write> beta: array<Lane>;
@group(0) @binding(4) var<storage, read_write> partials: array<Lane>; // [slabs][mean, M2][lanes], gamma[lanes], beta[lanes]

var<workgroup> counts: array<f32, 256>;
var<workgroup> means: array<Lane, 256>;
var<workgroup> squares: array<Lane, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let height = 256 / X;
  let across = index % X;
  let down = index / X;
  let lane = group.x * X + across;
  let slab = group.y;
  let end = min((slab + 1) * params.slab_rows, params.rows);

  var n = 0.0;
  var mean = Lane(0);
  var m2 = Lane(0);
  if (lane < params.lanes) {
    let pivot = x[lane];
    var row = slab * params.slab_rows + down;
    while (row + 3 * height < end) {
      let a = x[row * params.lanes + lane] - pivot;
      let b = x[(row + height) * params.lanes + lane] - pivot;
      let c = x[(row + 2 * height) * params.lanes + lane] - pivot;
      let d = x[(row + 3 * height) * params.lanes + lane] - pivot;
      let four = ((a + b) + (c + d)) * 0.25;
      let spread = (a - four) * (a - four) + (b - four) * (b - four) + (c - four) * (c - four) + (d - four) * (d - four);
      let delta = four - mean;
      let share = 4 / (n + 4);
      mean += delta * share;
      m2 += spread + delta * delta * (n * share);
      n += 4;
      row += 4 * height;
    }
    while (row < end) {
      let value = x[row * params.lanes + lane] - pivot;
      n += 1;
      let delta = value - mean;
      mean += delta / n;
      m2 += delta * (value - mean);
      row += height;
    }
  }

  counts[index] = n;
  means[index] = mean;
  squares[index] = m2;
  for (var half = height / 2; half > 0; half /= 2) {
    workgroupBarrier();
    if (down < half) {
      let j = index + half * X;
      let total = counts[index] + counts[j];
      let delta = means[j] - means[index];
      let share = counts[j] / max(total, 1);
      means[index] += delta * share;
      squares[index] += squares[j] + delta * delta * (counts[index] * share);
      counts[index] = total;
    }
  }

  if (down == 0 && lane < params.lanes) {
    partials[2 * slab * params.lanes + lane] = means[index];
    partials[(2 * slab + 1) * params.lanes + lane] = squares[index];
    if (slab == 0) {
      partials[2 * params.slabs * params.lanes + lane] = gamma[lane];
      partials[(2 * params.slabs + 1) * params.lanes + lane] = beta[lane];
    }
  }
}
