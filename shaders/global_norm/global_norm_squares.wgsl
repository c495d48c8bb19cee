// Norm over many tensors, launch 1 of 2: the sum of squares of each piece, in a fixed order.

struct Params {
  chunks: u32,
  first: u32, // where the sums of this launch begin
}

// One workgroup for each piece of a tensor. What lies behind a tensor is padding and may be anything.
struct Chunk {
  start: u32, // element of the block
  length: u32,
  weight_decay: f32,
  lr_multiplier: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> gradients: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> table: array<Chunk>;
@group(0) @binding(3) var<storage, read_write> partials: array<f32>;

var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(local_invocation_index) index: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let row = group.y * groups.x + group.x;
  if (row >= params.chunks) { return; }
  let chunk = table[row];
  let end = chunk.start + chunk.length;
  var sum = 0.0;
  for (var i = chunk.start / 4 + index; 4 * i < end; i += 256) {
    let inside = vec4u(4 * i) + vec4u(0, 1, 2, 3) < vec4u(end);
    let g = select(vec4f(0), gradients[i], inside);
    sum += dot(g, g);
  }
  sums[index] = sum;
  for (var half = 128u; half > 0; half /= 2) {
    workgroupBarrier();
    if (index < half) { sums[index] += sums[index + half]; }
  }
  if (index == 0) { partials[params.first + row] = sums[0]; }
}
