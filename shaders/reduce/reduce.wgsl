// y[o] = scale * sum over r of x[base(o) + step(r)], for up to three kept and three summed dimensions.
//
// A workgroup holds X outputs and 256 / X invocations for each; every invocation adds a strided part of its slab, then a
// tree adds these. With one slab this is the result, otherwise a second launch adds the slabs.

alias Lane = vec4f;

override X: u32 = 32; // outputs of a workgroup, a power of two
override ALONG: bool = false; // neighbouring invocations take neighbouring terms of a sum, not neighbouring outputs

struct Params {
  outputs: u32,
  terms: u32, // of each output
  slab_terms: u32,
  kept1: u32, kept2: u32, // sizes; the slowest is implied
  kept_stride0: u32, kept_stride1: u32, kept_stride2: u32,
  summed1: u32, summed2: u32,
  summed_stride0: u32, summed_stride1: u32, summed_stride2: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<Lane>;
@group(0) @binding(2) var<storage, read_write> y: array<Lane>; // [slabs][outputs]

var<workgroup> sums: array<Lane, 256>;

fn base(o: u32) -> u32 {
  let inner = o / params.kept2;
  return o % params.kept2 * params.kept_stride2 + inner % params.kept1 * params.kept_stride1
    + inner / params.kept1 * params.kept_stride0;
}

fn step(r: u32) -> u32 {
  let inner = r / params.summed2;
  return r % params.summed2 * params.summed_stride2 + inner % params.summed1 * params.summed_stride1
    + inner / params.summed1 * params.summed_stride0;
}

@compute @workgroup_size(256)
fn main(
  @builtin(local_invocation_index) index: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let height = 256 / X;
  let across = select(index % X, index / height, ALONG);
  let down = select(index / X, index % height, ALONG);
  let output = (group.z * groups.x + group.x) * X + across;
  let end = min((group.y + 1) * params.slab_terms, params.terms);

  var sum = Lane(0);
  if (output < params.outputs) {
    let first = base(output);
    for (var term = group.y * params.slab_terms + down; term < end; term += height) {
      sum += x[first + step(term)];
    }
  }

  let slot = down * X + across;
  sums[slot] = sum;
  for (var half = height / 2; half > 0; half /= 2) {
    workgroupBarrier();
    if (down < half) {
      sums[slot] += sums[slot + half * X];
    }
  }
  if (down == 0 && output < params.outputs) {
    y[group.y * params.outputs + output] = sums[slot] * params.scale;
  }
}
