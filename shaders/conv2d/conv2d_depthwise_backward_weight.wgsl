// Gradient of a depthwise 2-D convolution with respect to its weights, channels-last, channels a multiple of 4.
//
//   dw[c, tap] = sum over m of  dy[m, c] * x[pixel(m) * STRIDE - pad + tap * DILATION, c]
//
// The pixels m = (n, p, q) are split into `slices` runs of `slice_pixels`, each summed in order into its own copy of dw;
// sum_slices.wgsl adds the copies in order. One invocation sums up to 4 neighbouring taps of one kernel row for
// 4 channels, so that dy is read once for them.

override KERNEL_H: u32 = 1;
override KERNEL_W: u32 = 1;
override STRIDE_H: u32 = 1;
override STRIDE_W: u32 = 1;
override DILATION_H: u32 = 1;
override DILATION_W: u32 = 1;
override WORKGROUP_SIZE: u32 = 64;

// A quad is 4 channels: one vec4f.
struct Params {
  pixels: u32,
  slice_pixels: u32,
  slices: u32,
  out_height: u32,
  out_width: u32,
  in_height: u32,
  in_width: u32,
  pad_top: u32,
  pad_left: u32,
  quads: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dw: array<f32>;

fn store(at: u32, s: u32, value: vec4f) {
  if (s >= KERNEL_W) { return; }
  let taps = KERNEL_H * KERNEL_W;
  dw[at + s] = value.x;
  dw[at + s + taps] = value.y;
  dw[at + s + 2 * taps] = value.z;
  dw[at + s + 3 * taps] = value.w;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
  let blocks = (KERNEL_W + 3) / 4;
  let quad = index % params.quads;
  let first_s = index / params.quads % blocks * 4;
  let r = index / (params.quads * blocks) % KERNEL_H;
  let slice = index / (params.quads * blocks * KERNEL_H);
  if (slice >= params.slices) { return; }

  let s = vec4u(first_s) + vec4u(0, 1, 2, 3);
  let left = s * DILATION_W - params.pad_left; // wraps below zero, so one comparison is enough
  let top = r * DILATION_H - params.pad_top;
  var m = slice * params.slice_pixels;
  let end = min(m + params.slice_pixels, params.pixels);
  var q = m % params.out_width;
  var p = m / params.out_width % params.out_height;
  var image = m / (params.out_width * params.out_height) * params.in_height;
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (; m < end; m++) {
    let row = top + p * STRIDE_H;
    if (row < params.in_height) {
      let a = dy[m * params.quads + quad];
      let col = left + q * STRIDE_W;
      let inside = (col < vec4u(params.in_width)) & (s < vec4u(KERNEL_W));
      let at = select(vec4u(), ((image + row) * params.in_width + col) * params.quads + quad, inside);
      sum0 += select(vec4f(), x[at.x], inside.x) * a;
      if (KERNEL_W > 1) { sum1 += select(vec4f(), x[at.y], inside.y) * a; }
      if (KERNEL_W > 2) { sum2 += select(vec4f(), x[at.z], inside.z) * a; }
      if (KERNEL_W > 3) { sum3 += select(vec4f(), x[at.w], inside.w) * a; }
    }
    q++;
    if (q == params.out_width) {
      q = 0;
      p++;
      if (p == params.out_height) {
        p = 0;
        image += params.in_height;
      }
    }
  }

  let out = (slice * params.quads + quad) * 4 * KERNEL_H * KERNEL_W + r * KERNEL_W;
  store(out, first_s, sum0);
  store(out, first_s + 1, sum1);
  store(out, first_s + 2, sum2);
  store(out, first_s + 3, sum3);
}
