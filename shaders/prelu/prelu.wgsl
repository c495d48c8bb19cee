// y = x > 0 ? x : a[c] x, four elements an invocation; element e has channel e / inner % channels.

struct Params {
  vectors: u32,
  channels: u32,
  inner: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> a: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 256 + id.x;
  if (i >= params.vectors) { return; }

  let channel = (vec4u(4 * i) + vec4u(0, 1, 2, 3)) / params.inner % params.channels;
  let slope = vec4f(a[channel.x], a[channel.y], a[channel.z], a[channel.w]);
  let v = x[i];
  y[i] = select(slope * v, v, v > vec4f(0));
}
