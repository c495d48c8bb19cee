// y[n,p,q,c] = max over r,s of x[n, p STRIDE_H - PAD_TOP + r DILATION_H, q STRIDE_W - PAD_LEFT + s DILATION_W, c]
//
// and index = r KERNEL_W + s of the first maximum. Channels last, one lane an invocation. Taps outside never win.

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
@group(0) @binding(3) var<storage, read_write> index: array<Index>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 256 + id.x;
  if (i >= params.count) { return; }

  let lane = i % params.lanes;
  let pixel = i / params.lanes;
  let q = pixel % params.out_width;
  let p = pixel / params.out_width % params.out_height;
  let n = pixel / (params.out_width * params.out_height);

  var found = false;
  var best = Lane(0);
  var winner = Index(0);
  for (var r = 0u; r < KERNEL_H; r++) {
    let h = p * STRIDE_H + r * DILATION_H - PAD_TOP; // wraps below zero, so one compare is enough
    if (h >= params.in_height) { continue; }
    for (var s = 0u; s < KERNEL_W; s++) {
      let w = q * STRIDE_W + s * DILATION_W - PAD_LEFT;
      if (w >= params.in_width) { continue; }
      let value = x[((n * params.in_height + h) * params.in_width + w) * params.lanes + lane];
      let wins = value > best;
      best = select(select(best, value, wins), value, !found);
      winner = select(select(winner, Index(i32(r * KERNEL_W + s)), wins), Index(i32(r * KERNEL_W + s)), !found);
      found = true;
    }
  }
  y[i] = best;
  index[i] = winner;
}
