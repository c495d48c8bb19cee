// y[y_offset + sum_d i_d y_stride_d] = x[x_offset + sum_d i_d x_stride_d] for every index i of a space of up to six
// dimensions.
//
// The one kernel behind copy, transpose, expand, slice, concat and pad: they differ in offsets and strides only.
// Strides and offsets count lanes. Words are moved as bits, so every 32-bit type may pass.

alias Lane = vec4u;

override RANK: u32 = 6; // dimensions in use, the last ones

struct Params {
  count: u32,
  size1: u32, size2: u32, size3: u32, size4: u32, size5: u32, // the slowest size is implied by count
  x_offset: i32,
  x_stride0: i32, x_stride1: i32, x_stride2: i32, x_stride3: i32, x_stride4: i32, x_stride5: i32,
  y_offset: i32,
  y_stride0: i32, y_stride1: i32, y_stride2: i32, y_stride3: i32, y_stride4: i32, y_stride5: i32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<Lane>;
@group(0) @binding(2) var<storage, read_write> y: array<Lane>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 256 + id.x;
  if (i >= params.count) { return; }

  var rest = i;
  var x_at = params.x_offset;
  var y_at = params.y_offset;
  if (RANK > 1) {
    let k = i32(rest % params.size5);
    rest /= params.size5;
    x_at += k * params.x_stride5;
    y_at += k * params.y_stride5;
  }
  if (RANK > 2) {
    let k = i32(rest % params.size4);
    rest /= params.size4;
    x_at += k * params.x_stride4;
    y_at += k * params.y_stride4;
  }
  if (RANK > 3) {
    let k = i32(rest % params.size3);
    rest /= params.size3;
    x_at += k * params.x_stride3;
    y_at += k * params.y_stride3;
  }
  if (RANK > 4) {
    let k = i32(rest % params.size2);
    rest /= params.size2;
    x_at += k * params.x_stride2;
    y_at += k * params.y_stride2;
  }
  if (RANK > 5) {
    let k = i32(rest % params.size1);
    rest /= params.size1;
    x_at += k * params.x_stride1;
    y_at += k * params.y_stride1;
  }
  // What is left counts the slowest dimension in use.
  x_at += i32(rest) * params.x_stride0;
  y_at += i32(rest) * params.y_stride0;
  y[y_at] = x[x_at];
}
