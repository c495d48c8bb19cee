// Gradient of a 2-D convolution with respect to its input for any number of channels.
//
//   dx[h, w, i] = sum over tap, o of  dy[p, q, o] * w[o, tap, i]   where  p * STRIDE = h + pad - tap * DILATION
//
// As conv2d_backward_input.wgsl (one phase of the stride a workgroup.z, only the taps that meet it) with scalar loads:
// 4 pixels x 4 channels an invocation.

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
@group(0) @binding(1) var<storage, read_write> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> other: array<f32>; // with HAS_SUM, what is added to the gradient
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;

fn put(at: u32, value: f32) {
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

fn store(pixel: u32, channel: u32, last: u32, value: vec4f) {
  let i = pixel * params.group_in * params.groups + channel;
  put(i, value.x);
  if (channel + 1 < last) { put(i + 1, value.y); }
  if (channel + 2 < last) { put(i + 2, value.z); }
  if (channel + 3 < last) { put(i + 3, value.w); }
}

@compute @workgroup_size(LANES_N, LANES_M)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) lane: vec3u,
) {
  let phase_top = workgroup.z / STRIDE_W;
  let phase_left = workgroup.z % STRIDE_W;
  let height = (params.in_height + STRIDE_H - 1 - phase_top) / STRIDE_H;
  let width = (params.in_width + STRIDE_W - 1 - phase_left) / STRIDE_W;
  let pixels = params.batch * height * width;

  let group_tiles = (params.group_in + LANES_N * 4 - 1) / (LANES_N * 4);
  let tile = workgroup.y * workgroups.x + workgroup.x;
  let column = tile % (group_tiles * params.groups);
  let group = column / group_tiles;
  let group_channel = (column % group_tiles * LANES_N + lane.x) * 4;
  let first = (tile / (group_tiles * params.groups) * LANES_M + lane.y) * 4;
  if (group_channel >= params.group_in || first >= pixels) { return; }
  let i = min(vec4u(group_channel) + vec4u(0, 1, 2, 3), vec4u(params.group_in - 1));

  // Pixels and channels past the end repeat the last one and are not stored.
  let m = min(vec4u(first) + vec4u(0, 1, 2, 3), vec4u(pixels - 1));
  let line = m / width; // rows of the phase before this one, all images counted
  let image = line / height;
  let in_row = (line - image * height) * STRIDE_H + phase_top;
  let in_col = (m - line * width) * STRIDE_W + phase_left;

  let filter_size = KERNEL_H * KERNEL_W * params.group_in;
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
      let pixel = ((image * params.out_height + row) * params.out_width + col) * (params.group_out * params.groups);
      let start = select(vec4u(), pixel + group * params.group_out, inside);
      var filter_at = i + group * params.group_out * filter_size + (r * KERNEL_W + s) * params.group_in;
      for (var c = 0u; c < params.group_out; c++) {
        let loaded = vec4f(dy[start.x + c], dy[start.y + c], dy[start.z + c], dy[start.w + c]);
        let a = select(vec4f(), loaded, inside);
        let b = vec4f(w[filter_at.x], w[filter_at.y], w[filter_at.z], w[filter_at.w]);
        sum0 += a.x * b;
        sum1 += a.y * b;
        sum2 += a.z * b;
        sum3 += a.w * b;
        filter_at += vec4u(filter_size);
      }
    }
  }
  let out = (image * params.in_height + in_row) * params.in_width + in_col;
  let channel = group * params.group_in + group_channel;
  let last = (group + 1) * params.group_in;
  store(out.x, channel, last, sum0);
  if (first + 1 < pixels) { store(out.y, channel, last, sum1); }
  if (first + 2 < pixels) { store(out.z, channel, last, sum2); }
  if (first + 3 < pixels) { store(out.w, channel, last, sum3); }
}
