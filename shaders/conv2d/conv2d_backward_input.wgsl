// Gradient of a 2-D convolution with respect to its input, channels-last, channels of a group a multiple of 4.
//
//   dx[h, w, i] = sum over tap, o of  dy[p, q, o] * w[o, tap, i]   where  p * STRIDE = h + pad - tap * DILATION
//
// Pixels whose coordinates agree modulo STRIDE (a phase, workgroup.z) use the same taps, so each phase is a dense
// matrix product over just those taps: every TAP_STEP-th one, TAP_STEP = STRIDE / gcd(STRIDE, DILATION). One invocation
// computes 4 pixels of a phase x 4 channels; the batch is folded into the pixels.

override KERNEL_H: u32 = 1;
override KERNEL_W: u32 = 1;
override STRIDE_H: u32 = 1;
override STRIDE_W: u32 = 1;
override DILATION_H: u32 = 1;
override DILATION_W: u32 = 1;
override TAP_STEP_H: u32 = 1;
override TAP_STEP_W: u32 = 1;
override HAS_SUM: bool = false;
override LANES_N: u32 = 8;
override LANES_M: u32 = 8;

// A quad is 4 channels, one vec4f. `group_in` and `group_out` count the quads of a group.
struct Params {
  batch: u32,
  out_height: u32,
  out_width: u32,
  in_height: u32,
  in_width: u32,
  pad_top: u32,
  pad_left: u32,
  groups: u32,
  group_in: u32,
  group_out: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> w: array<vec4f>;
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

@compute @workgroup_size(LANES_N, LANES_M)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) lane: vec3u,
) {
  let in_quads = params.group_in * params.groups;
  let out_quads = params.group_out * params.groups;
  let phase_top = workgroup.z / STRIDE_W;
  let phase_left = workgroup.z % STRIDE_W;
  let height = (params.in_height + STRIDE_H - 1 - phase_top) / STRIDE_H;
  let width = (params.in_width + STRIDE_W - 1 - phase_left) / STRIDE_W;
  let pixels = params.batch * height * width;

  let group_tiles = (params.group_in + LANES_N - 1) / LANES_N;
  let tile = workgroup.y * workgroups.x + workgroup.x;
  let column = tile % (group_tiles * params.groups);
  let group = column / group_tiles;
  let group_quad = column % group_tiles * LANES_N + lane.x;
  let first = (tile / (group_tiles * params.groups) * LANES_M + lane.y) * 4;
  if (group_quad >= params.group_in || first >= pixels) { return; }

  // Pixels past the end repeat the last one and are not stored.
  let m = min(vec4u(first) + vec4u(0, 1, 2, 3), vec4u(pixels - 1));
  let line = m / width; // rows of the phase before this one, all images counted
  let image = line / height;
  let in_row = (line - image * height) * STRIDE_H + phase_top;
  let in_col = (m - line * width) * STRIDE_W + phase_left;

  let filter_quads = KERNEL_H * KERNEL_W * params.group_in;
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
      let pixel = ((image * params.out_height + row) * params.out_width + col) * out_quads;
      let start = select(vec4u(), pixel + group * params.group_out, inside);
      var filter_at = group * params.group_out * 4 * filter_quads
        + (r * KERNEL_W + s) * params.group_in + group_quad;
      for (var c = 0u; c < params.group_out; c++) {
        let b0 = w[filter_at];
        let b1 = w[filter_at + filter_quads];
        let b2 = w[filter_at + 2 * filter_quads];
        let b3 = w[filter_at + 3 * filter_quads];
        let a0 = select(vec4f(), dy[start.x + c], inside.x);
        let a1 = select(vec4f(), dy[start.y + c], inside.y);
        let a2 = select(vec4f(), dy[start.z + c], inside.z);
        let a3 = select(vec4f(), dy[start.w + c], inside.w);
        sum0 += a0.x * b0; sum0 += a0.y * b1; sum0 += a0.z * b2; sum0 += a0.w * b3;
        sum1 += a1.x * b0; sum1 += a1.y * b1; sum1 += a1.z * b2; sum1 += a1.w * b3;
        sum2 += a2.x * b0; sum2 += a2.y * b1; sum2 += a2.z * b2; sum2 += a2.w * b3;
        sum3 += a3.x * b0; sum3 += a3.y * b1; sum3 += a3.z * b2; sum3 += a3.w * b3;
        filter_at += 4 * filter_quads;
      }
    }
  }
  let out = ((image * params.in_height + in_row) * params.in_width + in_col) * in_quads
    + group * params.group_in + group_quad;
  put(out.x, sum0);
  if (first + 1 < pixels) { put(out.y, sum1); }
  if (first + 2 < pixels) { put(out.z, sum2); }
  if (first + 3 < pixels) { put(out.w, sum3); }
}
