// y[i] = x[x_offset + sum_d i_d x_stride_d] for bytes, four to a word: y in order and whole, x with any strides.
//
// One invocation makes one word of y. The bytes behind the last one are padding.

override RANK: u32 = 6; // dimensions in use, the last ones

struct Params {
  words: u32,
  size1: u32, size2: u32, size3: u32, size4: u32, size5: u32, // the slowest size is implied
  x_offset: i32,
  x_stride0: i32, x_stride1: i32, x_stride2: i32, x_stride3: i32, x_stride4: i32, x_stride5: i32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

fn locate(index: u32) -> u32 {
  var rest = index;
  var place = params.x_offset;
  if (RANK > 1) {
    place += i32(rest % params.size5) * params.x_stride5;
    rest /= params.size5;
  }
  if (RANK > 2) {
    place += i32(rest % params.size4) * params.x_stride4;
    rest /= params.size4;
  }
  if (RANK > 3) {
    place += i32(rest % params.size3) * params.x_stride3;
    rest /= params.size3;
  }
  if (RANK > 4) {
    place += i32(rest % params.size2) * params.x_stride2;
    rest /= params.size2;
  }
  if (RANK > 5) {
    place += i32(rest % params.size1) * params.x_stride1;
    rest /= params.size1;
  }
  return u32(place + i32(rest) * params.x_stride0);
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 256 + id.x;
  if (i >= params.words) { return; }

  var word = 0u;
  for (var k = 0u; k < 4; k++) {
    let place = locate(4 * i + k);
    word |= ((x[place / 4] >> (8 * (place % 4))) & 255) << (8 * k);
  }
  y[i] = word;
}
