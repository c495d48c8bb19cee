// dx[n,h,w,c] = sum of dy[n,p,q,c] / divisor(p,q) over the windows (p,q) that cover the element. Divisor as forward.

alias Lane = vec4f;

override KERNEL_H: u32;
override KERNEL_W: u32;
override STRIDE_H: u32 = 1;
override STRIDE_W: u32 = 1;
override PAD_TOP: u32 = 0;
override PAD_LEFT: u32 = 0;
override COUNT_PAD: bool = true;

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
@group(0) @binding(2) var<storage, read_write> dx: array<Lane>;

// How many taps of the window that starts at `first` (less the padding) lie inside.
fn inside(first: u32, pad: u32, kernel: u32, size: u32) -> u32 {
  return min(first + kernel, size + pad) - max(first, pad);
}

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
    let below = h + PAD_TOP - r; // wraps below zero, and is then past the last window
    let p = below / STRIDE_H;
    if (below % STRIDE_H != 0 || p >= params.out_height) { continue; }
    let rows = inside(below, PAD_TOP, KERNEL_H, params.in_height);
    for (var s = 0u; s < KERNEL_W; s++) {
      let right = w + PAD_LEFT - s;
      let q = right / STRIDE_W;
      if (right % STRIDE_W != 0 || q >= params.out_width) { continue; }
      let columns = inside(right, PAD_LEFT, KERNEL_W, params.in_width);
      let divisor = f32(select(rows * columns, KERNEL_H * KERNEL_W, COUNT_PAD));
      sum += dy[((n * params.out_height + p) * params.out_width + q) * params.lanes + lane] / divisor;
    }
  }
  dx[i] = sum;
}
