// Interpolation of channels-last maps. Row p of y reads x around p scale_h + shift_h; BILINEAR blends two rows and two
// columns, otherwise row p is row floor(p in_height / out_height) of x. The edges are repeated.

alias Lane = vec4f;

override BILINEAR: bool = true;

struct Params {
  count: u32, // lanes of y
  lanes: u32,
  in_height: u32,
  in_width: u32,
  out_height: u32,
  out_width: u32,
  scale_h: f32,
  scale_w: f32,
  shift_h: f32,
  shift_w: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<Lane>;
@group(0) @binding(2) var<storage, read_write> y: array<Lane>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 256 + id.x;
  if (i >= params.count) { return; }

  let lane = i % params.lanes;
  let pixel = i / params.lanes;
  let q = pixel % params.out_width;
  let p = pixel / params.out_width % params.out_height;
  let image = pixel / (params.out_width * params.out_height) * params.in_height;

  if (!BILINEAR) {
    let h = p * params.in_height / params.out_height;
    let w = q * params.in_width / params.out_width;
    y[i] = x[((image + h) * params.in_width + w) * params.lanes + lane];
    return;
  }

  let v = max(f32(p) * params.scale_h + params.shift_h, 0);
  let u = max(f32(q) * params.scale_w + params.shift_w, 0);
  let top = min(u32(v), params.in_height - 1);
  let left = min(u32(u), params.in_width - 1);
  let bottom = min(top + 1, params.in_height - 1);
  let right = min(left + 1, params.in_width - 1);
  let down = v - f32(top);
  let across = u - f32(left);
  let a = x[((image + top) * params.in_width + left) * params.lanes + lane];
  let b = x[((image + top) * params.in_width + right) * params.lanes + lane];
  let c = x[((image + bottom) * params.in_width + left) * params.lanes + lane];
  let d = x[((image + bottom) * params.in_width + right) * params.lanes + lane];
  y[i] = (1 - down) * ((1 - across) * a + across * b) + down * ((1 - across) * c + across * d);
}
