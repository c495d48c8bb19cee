// sum += factor gradient for all tensors in one launch.

struct Params {
  chunks: u32,
}

// One workgroup for each piece of a tensor. Lengths are rounded up to vectors: what lies behind a tensor is padding.
struct Chunk {
  start: u32, // element of the block
  length: u32,
  weight_decay: f32,
  lr_multiplier: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> sums: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> gradients: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> factor: array<f32>;
@group(0) @binding(4) var<storage, read_write> table: array<Chunk>;

@compute @workgroup_size(256)
fn main(
  @builtin(local_invocation_index) index: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let row = group.y * groups.x + group.x;
  if (row >= params.chunks) { return; }
  let chunk = table[row];
  let end = (chunk.start + chunk.length + 3) / 4;
  for (var i = chunk.start / 4 + index; i < end; i += 256) {
    sums[i] += factor[0] * gradients[i];
  }
}
