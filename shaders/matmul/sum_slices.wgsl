// The second stage of a product whose long dimension was split: adds the copies that the first stage left.
//
//   y[i] = sum over slice of  partial[slice, i]
//
// Lane l of LANES_S adds the slices l, l + LANES_S, ... in order, then the lanes' sums are added in order: the order
// depends on shapes only. A workgroup serves LANES_E elements.

override LANES_E: u32 = 64;
override LANES_S: u32 = 4;

struct Params {
  elements: u32,
  slices: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> partial: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

var<workgroup> sums: array<f32, LANES_E * LANES_S>;

@compute @workgroup_size(LANES_E, LANES_S)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) lane: vec3u,
) {
  let i = (workgroup.y * workgroups.x + workgroup.x) * LANES_E + lane.x;
  var sum = 0.0;
  if (i < params.elements) {
    for (var slice = lane.y; slice < params.slices; slice += LANES_S) {
      sum += partial[slice * params.elements + i];
    }
  }
  sums[lane.y * LANES_E + lane.x] = sum;
  workgroupBarrier();
  if (lane.y == 0 && i < params.elements) {
    for (var l = 1u; l < LANES_S; l++) {
      sum += sums[l * LANES_E + lane.x];
    }
    y[i] = sum;
  }
}
