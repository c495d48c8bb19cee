// y[n,p,q,c] = mean over r,s of x[n, p STRIDE_H - PAD_TOP + r, q STRIDE_W - PAD_LEFT + s, c]
//
// The divisor is KERNEL_H KERNEL_W with COUNT_PAD, otherwise the number of taps inside. Channels last.

alias Lane = vec4f;

override KERNEL_H: u32;
override KERNEL_W: u32;
override STRIDE_H: u32 = 1;
override STRIDE_W: u32 = 1;
override PAD_TOP: u32 = 0;
override PAD_LEFT: u32 = 0;
override COUNT_PAD: bool = true;

struct Params {
  count: u32, // lanes of y
  lanes: u32,
  in_height: u32,
  in_width: u32,
  out_height: u32,
  out_width: u32,
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
  let n = pixel / (params.out_width * params.out_height);

  var taps = 0u;
  var sum = Lane(0);
  for (var r = 0u; r < KERNEL_H; r++) {
    let h = p * STRIDE_H + r - PAD_TOP; // wraps below zero, so one compare is enough
    if (h >= params.in_height) { continue; }
    for (var s = 0u; s < KERNEL_W; s++) {
      let w = q * STRIDE_W + s - PAD_LEFT;
      if (w >= params.in_width) { continue; }
      sum += x[((n * params.in_height + h) * params.in_width + w) * params.lanes + lane];
      taps++;
    }
  }
  y[i] = sum / f32(select(taps, KERNEL_H * KERNEL_W, COUNT_PAD));
}
