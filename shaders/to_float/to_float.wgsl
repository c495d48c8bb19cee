// y = x * scale[c] + shift[c] for pixels packed four to a word, channels last.
//
// One invocation turns one word into one vector, so neither side needs a channel count that is a multiple of 4.

struct Params {
  vectors: u32,
  channels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> scale_shift: array<f32>; // scale[channels], then shift[channels]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 256 + id.x;
  if (i >= params.vectors) { return; }

  let word = x[i];
  var pixel: vec4f;
  for (var k = 0u; k < 4; k++) {
    let c = (4 * i + k) % params.channels;
    pixel[k] = f32((word >> (8 * k)) & 255) * scale_shift[c] + scale_shift[params.channels + c];
  }
  y[i] = pixel;
}
