// Depthwise 2-D convolution, channels-last, channels a multiple of 4.
//
//   y[m, c] = bias[c] + sum over tap of  x[pixel(m) * STRIDE - pad + tap * DILATION, c] * w[c, tap]
//
// One invocation computes 4 output pixels x 4 channels, so that each weight is read once for 4 pixels.

override KERNEL_H: u32 = 1;
override KERNEL_W: u32 = 1;
override STRIDE_H: u32 = 1;
override STRIDE_W: u32 = 1;
override DILATION_H: u32 = 1;
override DILATION_W: u32 = 1;
override HAS_BIAS: bool = false;
override WORKGROUP_SIZE: u32 = 64;

// A quad is 4 channels: one vec4f.
struct Params {
  pixels: u32,
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
@group(0) @binding(2) var<storage, read_write> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
  let quad = index % params.quads;
  let first = index / params.quads * 4;
  if (first >= params.pixels) { return; }

  // Pixels past the end repeat the last one and are not stored.
  let m = min(vec4u(first) + vec4u(0, 1, 2, 3), vec4u(params.pixels - 1));
  let left = m % params.out_width * STRIDE_W - params.pad_left;
  let top = m / params.out_width % params.out_height * STRIDE_H - params.pad_top;
  let image = m / (params.out_width * params.out_height) * params.in_height;

  let filter_size = KERNEL_H * KERNEL_W;
  var tap = quad * 4 * filter_size;
  var sum0 = vec4f();
  if (HAS_BIAS) { sum0 = bias[quad]; }
  var sum1 = sum0;
  var sum2 = sum0;
  var sum3 = sum0;
  for (var r = 0u; r < KERNEL_H; r++) {
    let row = top + r * DILATION_H; // wraps below zero, so one comparison is enough
    for (var s = 0u; s < KERNEL_W; s++) {
      let col = left + s * DILATION_W;
      let inside = (row < vec4u(params.in_height)) & (col < vec4u(params.in_width));
      let at = select(vec4u(), ((image + row) * params.in_width + col) * params.quads + quad, inside);
      let b = vec4f(w[tap], w[tap + filter_size], w[tap + 2 * filter_size], w[tap + 3 * filter_size]);
      sum0 += select(vec4f(), x[at.x], inside.x) * b;
      sum1 += select(vec4f(), x[at.y], inside.y) * b;
      sum2 += select(vec4f(), x[at.z], inside.z) * b;
      sum3 += select(vec4f(), x[at.w], inside.w) * b;
      tap++;
    }
  }
  let out = first * params.quads + quad;
  y[out] = sum0;
  if (first + 1 < params.pixels) { y[out + params.quads] = sum1; }
  if (first + 2 < params.pixels) { y[out + 2 * params.quads] = sum2; }
  if (first + 3 < params.pixels) { y[out + 3 * params.quads] = sum3; }
}
