// dx[n,h,w,c] = sum of dy[n,p,q,c] over the windows (p,q) whose winner, index[n,p,q,c], is this element.
//
// A gather: each element visits the KERNEL_H KERNEL_W windows that may hold it, so nothing is scattered.

alias Lane = vec4f;
alias Index = vec4i;

override KERNEL_H: u32;
override KERNEL_W: u32;
override STRIDE_H: u32 = 1;
override STRIDE_W: u32 = 1;
override PAD_TOP: u32 = 0;
override PAD_LEFT: u32 = 0;
override DILATION_H: u32 = 1;
override DILATION_W: u32 = 1;

struct Params {
  count: u32, // lanes of dx
  lanes: u32,
  in_height: u32,
  in_width: u32,
  out_height: u32,
  out_width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> dy: array<Lane>;
@group(0) @binding(2) var<storage, read_write> index: array<Index>;
@group(0) @binding(3) var<storage, read_write> dx: array<Lane>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 256 + id.x;
  if (i >= params.count) { return; }

  let lane = i % params.lanes;
  let pixel = i / params.lanes;
  let w = pixel % params.in_width;
  let h = pixel / params.in_width % params.in_height;
  let n = pixel / (params.in_width * params.in_height);

  var sum = Lane(0);
  for (var r = 0u; r < KERNEL_H; r++) {
    let below = h + PAD_TOP - r * DILATION_H; // wraps below zero, and is then past the last window
    let p = below / STRIDE_H;
    if (below % STRIDE_H != 0 || p >= params.out_height) { continue; }
    for (var s = 0u; s < KERNEL_W; s++) {
      let right = w + PAD_LEFT - s * DILATION_W;
      let q = right / STRIDE_W;
      if (right % STRIDE_W != 0 || q >= params.out_width) { continue; }
      let window = ((n * params.out_height + p) * params.out_width + q) * params.lanes + lane;
      sum += select(Lane(0), dy[window], index[window] == Index(i32(r * KERNEL_W + s)));
    }
  }
  dx[i] = sum;
}
