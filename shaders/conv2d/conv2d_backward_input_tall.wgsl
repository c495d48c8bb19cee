// Gradient of a 2-D convolution with respect to its input, for layers large enough to fill a GPU with taller tiles.
//
//   dx[h, w, i] = sum over tap, o of  dy[p, q, o] * w[o, tap, i]   where  p * STRIDE = h + pad - tap * DILATION
//
// conv2d_backward_input.wgsl (one phase of the stride a workgroup.z, only its own taps) with 8 pixels x 4 channels
// an invocation. The order of every sum is the same, so the results are the same to the bit.

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
  let first = (tile / (group_tiles * params.groups) * LANES_M + lane.y) * 8;
  if (group_quad >= params.group_in || first >= pixels) { return; }

  // Pixels past the end repeat the last one and are not stored.
  let m0 = min(vec4u(first) + vec4u(0, 1, 2, 3), vec4u(pixels - 1));
  let m1 = min(vec4u(first) + vec4u(4, 5, 6, 7), vec4u(pixels - 1));
  let line0 = m0 / width; // rows of the phase before this one, all images counted
  let line1 = m1 / width;
  let image0 = line0 / height;
  let image1 = line1 / height;
  let in_row0 = (line0 - image0 * height) * STRIDE_H + phase_top;
  let in_row1 = (line1 - image1 * height) * STRIDE_H + phase_top;
  let in_col0 = (m0 - line0 * width) * STRIDE_W + phase_left;
  let in_col1 = (m1 - line1 * width) * STRIDE_W + phase_left;

  let filter_quads = KERNEL_H * KERNEL_W * params.group_in;
  let first_r = first_tap(phase_top + params.pad_top, STRIDE_H, DILATION_H, TAP_STEP_H, KERNEL_H);
  let first_s = first_tap(phase_left + params.pad_left, STRIDE_W, DILATION_W, TAP_STEP_W, KERNEL_W);
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  var sum4 = vec4f();
  var sum5 = vec4f();
  var sum6 = vec4f();
  var sum7 = vec4f();
  for (var r = first_r; r < KERNEL_H; r += TAP_STEP_H) {
    let row0 = (in_row0 + params.pad_top - r * DILATION_H) / STRIDE_H; // wraps below zero, far above any height
    let row1 = (in_row1 + params.pad_top - r * DILATION_H) / STRIDE_H;
    for (var s = first_s; s < KERNEL_W; s += TAP_STEP_W) {
      let col0 = (in_col0 + params.pad_left - s * DILATION_W) / STRIDE_W;
      let col1 = (in_col1 + params.pad_left - s * DILATION_W) / STRIDE_W;
      let inside0 = (row0 < vec4u(params.out_height)) & (col0 < vec4u(params.out_width));
      let inside1 = (row1 < vec4u(params.out_height)) & (col1 < vec4u(params.out_width));
      let pixel0 = ((image0 * params.out_height + row0) * params.out_width + col0) * out_quads;
      let pixel1 = ((image1 * params.out_height + row1) * params.out_width + col1) * out_quads;
      let start0 = select(vec4u(), pixel0 + group * params.group_out, inside0);
      let start1 = select(vec4u(), pixel1 + group * params.group_out, inside1);
      var filter_at = group * params.group_out * 4 * filter_quads
        + (r * KERNEL_W + s) * params.group_in + group_quad;
      for (var c = 0u; c < params.group_out; c++) {
        let a0 = select(vec4f(), dy[start0.x + c], inside0.x);
        let a1 = select(vec4f(), dy[start0.y + c], inside0.y);
        let a2 = select(vec4f(), dy[start0.z + c], inside0.z);
        let a3 = select(vec4f(), dy[start0.w + c], inside0.w);
        let a4 = select(vec4f(), dy[start1.x + c], inside1.x);
        let a5 = select(vec4f(), dy[start1.y + c], inside1.y);
        let a6 = select(vec4f(), dy[start1.z + c], inside1.z);
        let a7 = select(vec4f(), dy[start1.w + c], inside1.w);
        let b0 = w[filter_at];
        let b1 = w[filter_at + filter_quads];
        let b2 = w[filter_at + 2 * filter_quads];
        let b3 = w[filter_at + 3 * filter_quads];
        sum0 += a0.x * b0; sum0 += a0.y * b1; sum0 += a0.z * b2; sum0 += a0.w * b3;
        sum1 += a1.x * b0; sum1 += a1.y * b1; sum1 += a1.z * b2; sum1 += a1.w * b3;
        sum2 += a2.x * b0; sum2 += a2.y * b1; sum2 += a2.z * b2; sum2 += a2.w * b3;
        sum3 += a3.x * b0; sum3 += a3.y * b1; sum3 += a3.z * b2; sum3 += a3.w * b3;
        sum4 += a4.x * b0; sum4 += a4.y * b1; sum4 += a4.z * b2; sum4 += a4.w * b3;
        sum5 += a5.x * b0; sum5 += a5.y * b1; sum5 += a5.z * b2; sum5 += a5.w * b3;
        sum6 += a6.x * b0; sum6 += a6.y * b1; sum6 += a6.z * b2; sum6 += a6.w * b3;
        sum7 += a7.x * b0; sum7 += a7.y * b1; sum7 += a7.z * b2; sum7 += a7.w * b3;
        filter_at += 4 * filter_quads;
      }
    }
  }
  let quad = group * params.group_in + group_quad;
  let out0 = ((image0 * params.in_height + in_row0) * params.in_width + in_col0) * in_quads + quad;
  let out1 = ((image1 * params.in_height + in_row1) * params.in_width + in_col1) * in_quads + quad;
  put(out0.x, sum0);
  if (first + 1 < pixels) { put(out0.y, sum1); }
  if (first + 2 < pixels) { put(out0.z, sum2); }
  if (first + 3 < pixels) { put(out0.w, sum3); }
  if (first + 4 < pixels) { put(out1.x, sum4); }
  if (first + 5 < pixels) { put(out1.y, sum5); }
  if (first + 6 < pixels) { put(out1.z, sum6); }
  if (first + 7 < pixels) { put(out1.w, sum7); }
}
