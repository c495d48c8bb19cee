// dbeta = sum over slabs of the first partial sum, dgamma of the second; slabs are added in order.

struct Params {
  channels: u32,
  slabs: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> partials: array<f32>; // [slabs][2][channels]
@group(0) @binding(2) var<storage, read_write> dgamma: array<f32>;
@group(0) @binding(3) var<storage, read_write> dbeta: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let c = id.y * groups.x * 256 + id.x;
  if (c >= params.channels) { return; }

  var sum = 0.0;
  var product = 0.0;
  for (var slab = 0u; slab < params.slabs; slab++) {
    sum += partials[2 * slab * params.channels + c];
    product += partials[(2 * slab + 1) * params.channels + c];
  }
  dbeta[c] = sum;
  dgamma[c] = product;
}
