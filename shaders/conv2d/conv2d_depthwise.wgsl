// Depthwise 2-D convolution, channels-last, channels a multiple of 4.
//
//   y[m, c] = bias[c] + sum over tap of  x[pixel(m) * STRIDE - pad + tap * DILATION, c] * w[c, tap]
//
// One invocation computes 4 neighbouring pixels of a row x 4 channels, so that a weight is read once for 4 pixels and,
// where STRIDE_W equals DILATION_W, a step to the next tap needs one new value of x. Rows of taps are counted at
// run time: unrolled, they take drivers seconds to compile.

override KERNEL_W: u32 = 1;
override STRIDE_H: u32 = 1;
override STRIDE_W: u32 = 1;
override DILATION_H: u32 = 1;
override DILATION_W: u32 = 1;
override HAS_BIAS: bool = false;
override WORKGROUP_SIZE: u32 = 64;

// `rows` counts the output rows of all images, `row_blocks` the blocks of 4 pixels in each. A quad is 4 channels:
// one vec4f.
struct Params {
  rows: u32,
  row_blocks: u32,
  kernel_height: u32,
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

// x at column `col` of the line that starts at `line`, zero outside.
fn load(line: u32, col: u32, quad: u32) -> vec4f {
  let inside = col < params.in_width;
  return select(vec4f(), x[select(0, (line + col) * params.quads + quad, inside)], inside);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
  let block = index / params.quads;
  let quad = index - block * params.quads;
  let out_row = block / params.row_blocks;
  let first = (block - out_row * params.row_blocks) * 4;
  if (out_row >= params.rows) { return; }
  let n = out_row / params.out_height;
  let top = (out_row - n * params.out_height) * STRIDE_H - params.pad_top;
  let left = first * STRIDE_W - params.pad_left; // wraps below zero, so one comparison is enough

  let filter_size = params.kernel_height * KERNEL_W;
  var tap = quad * 4 * filter_size;
  var sum0 = vec4f();
  if (HAS_BIAS) { sum0 = bias[quad]; }
  var sum1 = sum0;
  var sum2 = sum0;
  var sum3 = sum0;
  for (var r = 0u; r < params.kernel_height; r++) {
    let row = top + r * DILATION_H;
    if (row >= params.in_height) {
      tap += KERNEL_W;
      continue;
    }
    let line = (n * params.in_height + row) * params.in_width;
    var col = left;
    var a0 = load(line, col, quad);
    var a1 = load(line, col + STRIDE_W, quad);
    var a2 = load(line, col + 2 * STRIDE_W, quad);
    var a3 = load(line, col + 3 * STRIDE_W, quad);
    for (var s = 0u; s < KERNEL_W; s++) {
      let b = vec4f(w[tap], w[tap + filter_size], w[tap + 2 * filter_size], w[tap + 3 * filter_size]);
      sum0 += a0 * b;
      sum1 += a1 * b;
      sum2 += a2 * b;
      sum3 += a3 * b;
      tap++;
      col += DILATION_W;
      if (s + 1 < KERNEL_W) {
        if (STRIDE_W == DILATION_W) {
          a0 = a1;
          a1 = a2;
          a2 = a3;
        } else {
          a0 = load(line, col, quad);
          a1 = load(line, col + STRIDE_W, quad);
          a2 = load(line, col + 2 * STRIDE_W, quad);
        }
        a3 = load(line, col + 3 * STRIDE_W, quad);
      }
    }
  }
  let out = (out_row * params.out_width + first) * params.quads + quad;
  y[out] = sum0;
  if (first + 1 < params.out_width) { y[out + params.quads] = sum1; }
  if (first + 2 < params.out_width) { y[out + 2 * params.quads] = sum2; }
  if (first + 3 < params.out_width) { y[out + 3 * params.quads] = sum3; }
}
