// Gradient of a depthwise 2-D convolution with respect to its input, channels-last, channels a multiple of 4.
//
//   dx[h, w, c] = sum over tap of  dy[p, q, c] * w[c, tap]   where  p * STRIDE = h + pad - tap * DILATION
//
// Pixels whose coordinates agree modulo STRIDE (a phase, id.z) use the same taps: every TAP_STEP-th one,
// TAP_STEP = STRIDE / gcd(STRIDE, DILATION). One invocation computes 4 pixels of a phase x 4 channels.

override KERNEL_H: u32 = 1;
override KERNEL_W: u32 = 1;
override STRIDE_H: u32 = 1;
override STRIDE_W: u32 = 1;
override DILATION_H: u32 = 1;
override DILATION_W: u32 = 1;
override TAP_STEP_H: u32 = 1;
override TAP_STEP_W: u32 = 1;
override WORKGROUP_SIZE: u32 = 64;

// A quad is 4 channels: one vec4f.
struct Params {
  batch: u32,
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
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

// The first tap with at = tap * dilation (mod stride); `kernel` when no tap meets this phase.
fn first_tap(at: u32, stride: u32, dilation: u32, step: u32, kernel: u32) -> u32 {
  for (var tap = 0u; tap < min(step, kernel); tap++) {
    if (tap * dilation % stride == at % stride) { return tap; }
  }
  return kernel;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let phase_top = id.z / STRIDE_W;
  let phase_left = id.z % STRIDE_W;
  let height = (params.in_height + STRIDE_H - 1 - phase_top) / STRIDE_H;
  let width = (params.in_width + STRIDE_W - 1 - phase_left) / STRIDE_W;
  let pixels = params.batch * height * width;

  let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
  let quad = index % params.quads;
  let first = index / params.quads * 4;
  if (first >= pixels) { return; }

  // Pixels past the end repeat the last one and are not stored.
  let m = min(vec4u(first) + vec4u(0, 1, 2, 3), vec4u(pixels - 1));
  let in_row = m / width % height * STRIDE_H + phase_top;
  let in_col = m % width * STRIDE_W + phase_left;
  let image = m / (width * height);

  let filter_size = KERNEL_H * KERNEL_W;
  let first_r = first_tap(phase_top + params.pad_top, STRIDE_H, DILATION_H, TAP_STEP_H, KERNEL_H);
  let first_s = first_tap(phase_left + params.pad_left, STRIDE_W, DILATION_W, TAP_STEP_W, KERNEL_W);
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var r = first_r; r < KERNEL_H; r += TAP_STEP_H) {
    let row = (in_row + params.pad_top - r * DILATION_H) / STRIDE_H; // wraps below zero, far above any height
    for (var s = first_s; s < KERNEL_W; s += TAP_STEP_W) {
      let col = (in_col + params.pad_left - s * DILATION_W) / STRIDE_W;
      let inside = (row < vec4u(params.out_height)) & (col < vec4u(params.out_width));
      let pixel = ((image * params.out_height + row) * params.out_width + col) * params.quads + quad;
      let at = select(vec4u(), pixel, inside);
      let tap = quad * 4 * filter_size + r * KERNEL_W + s;
      let b = vec4f(w[tap], w[tap + filter_size], w[tap + 2 * filter_size], w[tap + 3 * filter_size]);
      sum0 += select(vec4f(), dy[at.x], inside.x) * b;
      sum1 += select(vec4f(), dy[at.y], inside.y) * b;
      sum2 += select(vec4f(), dy[at.z], inside.z) * b;
      sum3 += select(vec4f(), dy[at.w], inside.w) * b;
    }
  }
  let out = ((image * params.in_height + in_row) * params.in_width + in_col) * params.quads + quad;
  dx[out.x] = sum0;
  if (first + 1 < pixels) { dx[out.y] = sum1; }
  if (first + 2 < pixels) { dx[out.z] = sum2; }
  if (first + 3 < pixels) { dx[out.w] = sum3; }
}
