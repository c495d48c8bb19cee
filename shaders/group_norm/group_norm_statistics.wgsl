// Group norm, launch 1 of 3: mean and sum of squared deviations (M2) of each channel over a slab of pixels of a sample.
//
// An invocation finds the mean of its pixels first and their deviations second; invocations are joined by Chan's rule
// (Chan, Golub and LeVeque 1979): d = mean_b - mean_a; mean = mean_a + d n_b / n; M2 = M2_a + M2_b + d^2 n_a n_b / n.

alias Lane = vec4f;

override X: u32 = 8; // lanes across a workgroup, a power of two

struct Params {
  pixels: u32,
  lanes: u32,
  slab_pixels: u32,
  slabs: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<Lane>; // [samples][pixels][lanes]
@group(0) @binding(2) var<storage, read_write> partials: array<Lane>; // [samples][slabs][mean, M2][lanes]

var<workgroup> counts: array<f32, 256>;
var<workgroup> means: array<Lane, 256>;
var<workgroup> squares: array<Lane, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let height = 256 / X;
  let across = index % X;
  let down = index / X;
  let lane = group.x * X + across;
  let first = group.y * params.slab_pixels + down;
  let end = min((group.y + 1) * params.slab_pixels, params.pixels);
  let sample = group.z * params.pixels * params.lanes;

  var n = 0.0;
  var mean = Lane(0);
  var m2 = Lane(0);
  if (lane < params.lanes) {
    for (var pixel = first; pixel < end; pixel += height) {
      mean += x[sample + pixel * params.lanes + lane];
      n += 1;
    }
    mean /= max(n, 1);
    for (var pixel = first; pixel < end; pixel += height) {
      let d = x[sample + pixel * params.lanes + lane] - mean;
      m2 += d * d;
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
    let slab = group.z * params.slabs + group.y;
    partials[2 * slab * params.lanes + lane] = means[index];
    partials[(2 * slab + 1) * params.lanes + lane] = squares[index];
  }
}
