// Gradient of a depthwise 2-D convolution with respect to its input, channels-last, channels a multiple of 4.
//
//   dx[h, w, c] = sum over tap of  dy[p, q, c] * w[c, tap]   where  p * STRIDE = h + pad - tap * DILATION
//
// Pixels whose coordinates agree modulo STRIDE (a phase, id.z) use the same taps: every TAP_STEP-th one,
// TAP_STEP = STRIDE / gcd(STRIDE, DILATION). One invocation computes 4 neighbouring pixels of a row of the phase x 4
// channels, so that a weight is read once for 4 pixels and, where the next tap is one column of dy away, a step to it
// needs only one new value of dy. Rows of taps are counted at run time: unrolled, they take drivers seconds to compile.

override KERNEL_W: u32 = 1;
override STRIDE_H: u32 = 1;
override STRIDE_W: u32 = 1;
override DILATION_H: u32 = 1;
override DILATION_W: u32 = 1;
override TAP_STEP_H: u32 = 1;
override TAP_STEP_W: u32 = 1;
override HAS_SUM: bool = false;
override WORKGROUP_SIZE: u32 = 64;

// A quad is 4 channels: one vec4f.
struct Params {
  batch: u32,
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
@group(0) @binding(1) var<storage, read_write> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> other: array<vec4f>; // with HAS_SUM, what is added to the gradient
@group(0) @binding(4) var<storage, read_write> dx: array<vec4f>;

fn put(at: u32, value: vec4f) {
  if (HAS_SUM) {
    dx[at] = value + other[at];
  } else {
    dx[at] = value;
  }
}

// The first tap with at = tap * dilation (mod stride); `kernel` when no tap meets this phase.
fn first_tap(at: u32, stride: u32, dilation: u32, step: u32, kernel: u32) -> u32 {
  for (var tap = 0u; tap < min(step, kernel); tap++) {
    if (tap * dilation % stride == at % stride) { return tap; }
  }
  return kernel;
}

// dy at column `col` of the line that starts at `line`, zero outside.
fn load(line: u32, col: u32, quad: u32) -> vec4f {
  let inside = col < params.out_width;
  return select(vec4f(), dy[select(0, (line + col) * params.quads + quad, inside)], inside);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let phase_top = id.z / STRIDE_W;
  let phase_left = id.z % STRIDE_W;
  let height = (params.in_height + STRIDE_H - 1 - phase_top) / STRIDE_H;
  let width = (params.in_width + STRIDE_W - 1 - phase_left) / STRIDE_W;
  let row_blocks = (width + 3) / 4;

  let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
  let block = index / params.quads;
  let quad = index - block * params.quads;
  if (block >= params.batch * height * row_blocks) { return; }
  let phase_row = block / row_blocks;
  let first = (block - phase_row * row_blocks) * 4;
  let n = phase_row / height;
  let in_row = (phase_row - n * height) * STRIDE_H + phase_top;
  let in_col = first * STRIDE_W + phase_left;

  let filter_size = params.kernel_height * KERNEL_W;
  let first_r = first_tap(phase_top + params.pad_top, STRIDE_H, DILATION_H, TAP_STEP_H, params.kernel_height);
  let first_s = first_tap(phase_left + params.pad_left, STRIDE_W, DILATION_W, TAP_STEP_W, KERNEL_W);
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var r = first_r; r < params.kernel_height; r += TAP_STEP_H) {
    // A coordinate below zero wraps to one far above any size; the division is exact for these taps otherwise.
    let row = (in_row + params.pad_top - r * DILATION_H) / STRIDE_H;
    if (row >= params.out_height) { continue; }
    let line = (n * params.out_height + row) * params.out_width;
    var a0 = vec4f();
    var a1 = vec4f();
    var a2 = vec4f();
    var a3 = vec4f();
    for (var s = first_s; s < KERNEL_W; s += TAP_STEP_W) {
      // A signed division: the first column may be outside while its neighbours are inside.
      let col = u32((i32(in_col + params.pad_left) - i32(s * DILATION_W)) / i32(STRIDE_W));
      if (TAP_STEP_W * DILATION_W == STRIDE_W && s != first_s) {
        a3 = a2;
        a2 = a1;
        a1 = a0;
      } else {
        a1 = load(line, col + 1, quad);
        a2 = load(line, col + 2, quad);
        a3 = load(line, col + 3, quad);
      }
      a0 = load(line, col, quad);
      let tap = quad * 4 * filter_size + r * KERNEL_W + s;
      let b = vec4f(w[tap], w[tap + filter_size], w[tap + 2 * filter_size], w[tap + 3 * filter_size]);
      sum0 += a0 * b;
      sum1 += a1 * b;
      sum2 += a2 * b;
      sum3 += a3 * b;
    }
  }
  let out = ((n * params.in_height + in_row) * params.in_width + in_col) * params.quads + quad;
  let next = STRIDE_W * params.quads;
  put(out, sum0);
  if (first + 1 < width) { put(out + next, sum1); }
  if (first + 2 < width) { put(out + 2 * next, sum2); }
  if (first + 3 < width) { put(out + 3 * next, sum3); }
}
