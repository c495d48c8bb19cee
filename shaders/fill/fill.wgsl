// y = one 32-bit pattern everywhere. The last vector may reach into the padding behind the value.

struct Params {
  vectors: u32,
  bits: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<vec4u>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 256 + id.x;
  if (i < params.vectors) {
    y[i] = vec4u(params.bits);
  }
}
