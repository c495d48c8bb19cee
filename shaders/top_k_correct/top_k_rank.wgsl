// Top-k accuracy, launch 1 of 2: rank[n] = number of classes that come before the target of sample n.
//
// Equal logits are ordered by class. Written as "not after the target", so that a NaN counts against the model. A
// sample that is ignored, or whose target is no class, gets the last rank there is. One workgroup a sample.

struct Params {
  samples: u32,
  classes: u32,
  ignore_index: i32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> logits: array<f32>; // [samples][classes]
@group(0) @binding(2) var<storage, read_write> labels: array<i32>;
@group(0) @binding(3) var<storage, read_write> ranks: array<u32>;

var<workgroup> counts: array<u32, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(local_invocation_index) index: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let sample = min(group.y * groups.x + group.x, params.samples - 1);
  let label = labels[sample];
  let counted = label != params.ignore_index && u32(label) < params.classes;

  var count = 0u;
  if (counted) {
    let target_logit = logits[sample * params.classes + u32(label)];
    for (var c = index; c < params.classes; c += 256) {
      let other = logits[sample * params.classes + c];
      let after = other < target_logit || (other == target_logit && c >= u32(label));
      count += select(1u, 0u, after);
    }
  }
  counts[index] = count;
  for (var half = 128u; half > 0; half /= 2) {
    workgroupBarrier();
    if (index < half) { counts[index] += counts[index + half]; }
  }
  if (index == 0) { ranks[sample] = select(0xffffffffu, counts[0], counted); }
}
