// Gradient of a depthwise 2-D convolution with respect to its weights, channels-last, channels a multiple of 4.
//
//   dw[c, tap] = sum over m of  dy[m, c] * x[pixel(m) * STRIDE - pad + tap * DILATION, c]
//
// The pixels m = (n, p, q) are split into `slices` runs of `slice_pixels`, each summed in order into a copy of dw;
// sum_slices.wgsl adds the copies in order. One invocation sums up to 4 neighbouring taps of one kernel row for
// 4 channels: dy is read once for them, and where STRIDE_W equals DILATION_W a step to the next pixel needs only one
// new value of x.

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

// x at column `col` of the line that starts at `line`, zero outside.
fn load(line: u32, col: u32, quad: u32) -> vec4f {
  let inside = col < params.in_width;
  return select(vec4f(), x[select(0, (line + col) * params.quads + quad, inside)], inside);
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

  let top = r * DILATION_H - params.pad_top; // wraps below zero, so one comparison is enough
  let left = first_s * DILATION_W - params.pad_left;
  var m = slice * params.slice_pixels;
  let end = min(m + params.slice_pixels, params.pixels);
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  while (m < end) {
    // The part of one output row that belongs to this slice.
    let out_row = m / params.out_width;
    let n = out_row / params.out_height;
    let stop = min(end, (out_row + 1) * params.out_width);
    let row = top + (out_row - n * params.out_height) * STRIDE_H;
    if (row >= params.in_height) {
      m = stop;
      continue;
    }
    let line = (n * params.in_height + row) * params.in_width;
    var col = left + (m - out_row * params.out_width) * STRIDE_W;
    var b0 = load(line, col, quad);
    var b1 = load(line, col + DILATION_W, quad);
    var b2 = load(line, col + 2 * DILATION_W, quad);
    var b3 = vec4f();
    if (KERNEL_W > 3) { b3 = load(line, col + 3 * DILATION_W, quad); }
    for (; m < stop; m++) {
      let a = dy[m * params.quads + quad];
      sum0 += a * b0;
      sum1 += a * b1;
      sum2 += a * b2;
      if (KERNEL_W > 3) { sum3 += a * b3; }
      col += STRIDE_W;
      if (STRIDE_W == DILATION_W) {
        b0 = b1;
        b1 = b2;
      } else {
        b0 = load(line, col, quad);
        b1 = load(line, col + DILATION_W, quad);
      }
      if (KERNEL_W > 3) {
        if (STRIDE_W == DILATION_W) { b2 = b3; } else { b2 = load(line, col + 2 * DILATION_W, quad); }
        b3 = load(line, col + 3 * DILATION_W, quad);
      } else {
        b2 = load(line, col + 2 * DILATION_W, quad);
      }
    }
  }

  let out = (slice * params.quads + quad) * 4 * KERNEL_H * KERNEL_W + r * KERNEL_W;
  store(out, first_s, sum0);
  store(out, first_s + 1, sum1);
  store(out, first_s + 2, sum2);
  store(out, first_s + 3, sum3);
}
