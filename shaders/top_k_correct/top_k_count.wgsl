// Top-k accuracy, launch 2 of 2: correct[i] = number of samples with rank < k[i]. One workgroup for each k.

struct Params {
  samples: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> ranks: array<u32>;
@group(0) @binding(2) var<storage, read_write> k: array<u32>;
@group(0) @binding(3) var<storage, read_write> correct: array<f32>;

var<workgroup> counts: array<u32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  var count = 0u;
  for (var sample = index; sample < params.samples; sample += 256) {
    count += select(0u, 1u, ranks[sample] < k[group.x]);
  }
  counts[index] = count;
  for (var half = 128u; half > 0; half /= 2) {
    workgroupBarrier();
    if (index < half) { counts[index] += counts[index + half]; }
  }
  if (index == 0) { correct[group.x] = f32(counts[0]); }
}
