// y = a op b with broadcasting over up to six dimensions. KIND as in binary.wgsl.
//
// An invocation computes four neighbours of y. Strides count elements and are 0 along a stretched dimension. When the
// fastest size is a multiple of 4 (WHOLE), the four lie in one row: each operand is then one vector or one number.

override KIND: u32;
override RANK: u32 = 6; // dimensions in use, the last ones
override WHOLE: bool = false;

struct Params {
  vectors: u32,
  size1: u32, size2: u32, size3: u32, size4: u32, size5: u32, // the slowest size is implied
  a_stride0: u32, a_stride1: u32, a_stride2: u32, a_stride3: u32, a_stride4: u32, a_stride5: u32,
  b_stride0: u32, b_stride1: u32, b_stride2: u32, b_stride3: u32, b_stride4: u32, b_stride5: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> a: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

fn combine(p: vec4f, q: vec4f) -> vec4f {
  if (KIND == 0) { return p + q; }
  if (KIND == 1) { return p - q; }
  if (KIND == 2) { return p * q; }
  if (KIND == 3) { return p / q; }
  if (KIND == 4) { return min(p, q); }
  return max(p, q);
}

// Where element `index` of y finds its operands.
fn locate(index: u32) -> vec2u {
  var rest = index;
  var place = vec2u(0);
  if (RANK > 1) {
    place += (rest % params.size5) * vec2u(params.a_stride5, params.b_stride5);
    rest /= params.size5;
  }
  if (RANK > 2) {
    place += (rest % params.size4) * vec2u(params.a_stride4, params.b_stride4);
    rest /= params.size4;
  }
  if (RANK > 3) {
    place += (rest % params.size3) * vec2u(params.a_stride3, params.b_stride3);
    rest /= params.size3;
  }
  if (RANK > 4) {
    place += (rest % params.size2) * vec2u(params.a_stride2, params.b_stride2);
    rest /= params.size2;
  }
  if (RANK > 5) {
    place += (rest % params.size1) * vec2u(params.a_stride1, params.b_stride1);
    rest /= params.size1;
  }
  return place + rest * vec2u(params.a_stride0, params.b_stride0);
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 256 + id.x;
  if (i >= params.vectors) { return; }

  if (WHOLE) {
    let place = locate(4 * i);
    // With one dimension its strides are number 0.
    let a_step = select(params.a_stride5, params.a_stride0, RANK == 1);
    let b_step = select(params.b_stride5, params.b_stride0, RANK == 1);
    let p = a[place.x / 4];
    let q = b[place.y / 4];
    y[i] = combine(select(vec4f(p[place.x % 4]), p, a_step == 1), select(vec4f(q[place.y % 4]), q, b_step == 1));
    return;
  }

  var p: vec4f;
  var q: vec4f;
  for (var k = 0u; k < 4; k++) {
    let place = locate(4 * i + k);
    p[k] = a[place.x / 4][place.x % 4];
    q[k] = b[place.y / 4][place.y % 4];
  }
  y[i] = combine(p, q);
}
