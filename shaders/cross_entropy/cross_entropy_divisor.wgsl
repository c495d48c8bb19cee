// Gradient of the mean cross entropy of labels, launch 1 of 2: sums of the divisor, w of each label that counts.

override WEIGHTED: bool = false;

struct Params {
  places: u32,
  places_each: u32, // of a workgroup
  ignore_index: i32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> labels: array<i32>;
@group(0) @binding(2) var<storage, read_write> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> partials: array<f32>;

var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let end = min((group.x + 1) * params.places_each, params.places);
  var sum = 0.0;
  for (var place = group.x * params.places_each + index; place < end; place += 256) {
    let label = labels[place];
    if (label != params.ignore_index) {
      if (WEIGHTED) {
        sum += weight[label];
      } else {
        sum += 1;
      }
    }
  }
  sums[index] = sum;
  for (var half = 128u; half > 0; half /= 2) {
    workgroupBarrier();
    if (index < half) { sums[index] += sums[index + half]; }
  }
  if (index == 0) { partials[group.x] = sums[0]; }
}
