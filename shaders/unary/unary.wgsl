// y = f(x), four elements an invocation. KIND: 0 -x, 1 exp, 2 log, 3 sqrt, 4 x^2, 5 |x|, 6 1/x, 7 sign.

override KIND: u32;

struct Params {
  vectors: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 256 + id.x;
  if (i >= params.vectors) { return; }

  let v = x[i];
  var f: vec4f;
  if (KIND == 0) { f = -v; }
  if (KIND == 1) { f = exp(v); }
  if (KIND == 2) { f = log(v); }
  if (KIND == 3) { f = sqrt(v); }
  if (KIND == 4) { f = v * v; }
  if (KIND == 5) { f = abs(v); }
  if (KIND == 6) { f = 1 / v; }
  if (KIND == 7) { f = sign(v); }
  y[i] = f;
}
