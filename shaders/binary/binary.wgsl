// y = a op b for operands of one shape, four elements an invocation. KIND: 0 +, 1 -, 2 *, 3 /, 4 min, 5 max.

override KIND: u32;
override ACTIVATION: u32 = 0; // of the result: 0 none, 1 relu, 2 relu6

struct Params {
  vectors: u32,
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

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 256 + id.x;
  if (i >= params.vectors) { return; }
  var value = combine(a[i], b[i]);
  if (ACTIVATION > 0) { value = max(value, vec4f(0)); }
  if (ACTIVATION > 1) { value = min(value, vec4f(6)); }
  y[i] = value;
}
