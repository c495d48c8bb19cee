// The second stage of a product whose long dimension was split: adds the copies that the first stage left.
//
//   y[i] = sum over slice of  partial[slice, i]
//
// Lane l of LANES_S adds the slices l, l + LANES_S, ... in order, then the lanes' sums are added in order: the order
// depends on shapes only. With few slices LANES_S is 1 and no workgroup memory is used. An invocation serves one
// quad: 4 elements, of which the last quad may have fewer.

override LANES_E: u32 = 64;
override LANES_S: u32 = 1;

struct Params {
  elements: u32,
  slices: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> partial: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

var<workgroup> sums: array<vec4f, LANES_E * LANES_S>;

@compute @workgroup_size(LANES_E, LANES_S)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) lane: vec3u,
) {
  let first = ((workgroup.y * workgroups.x + workgroup.x) * LANES_E + lane.x) * 4;
  let i = min(vec4u(first) + vec4u(0, 1, 2, 3), vec4u(params.elements - 1));
  var sum = vec4f();
  for (var slice = lane.y; slice < params.slices; slice += LANES_S) {
    let at = slice * params.elements + i;
    sum += vec4f(partial[at.x], partial[at.y], partial[at.z], partial[at.w]);
  }
  if (LANES_S > 1) {
    sums[lane.y * LANES_E + lane.x] = sum;
    workgroupBarrier();
    if (lane.y == 0) {
      for (var l = 1u; l < LANES_S; l++) {
        sum += sums[l * LANES_E + lane.x];
      }
    }
  }
  if (lane.y == 0 && first < params.elements) {
    y[first] = sum.x;
    if (first + 1 < params.elements) { y[first + 1] = sum.y; }
    if (first + 2 < params.elements) { y[first + 2] = sum.z; }
    if (first + 3 < params.elements) { y[first + 3] = sum.w; }
  }
}
