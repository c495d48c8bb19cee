// Gradient of a 2-D convolution with respect to its weights for any number of channels.
//
//   dw[o, k] = sum over m of  dy[m, o] * x[pixel(m) * STRIDE - pad + tap(k) * DILATION, i(k)]    k = (tap, i)
//
// As conv2d_backward_weight.wgsl (pixels split into slices, copies of dw added by sum_slices.wgsl) with scalar loads:
// 8 output channels x 4 values of k an invocation.

override KERNEL_H: u32 = 1;
override KERNEL_W: u32 = 1;
override STRIDE_H: u32 = 1;
override STRIDE_W: u32 = 1;
override DILATION_H: u32 = 1;
override DILATION_W: u32 = 1;
override LANES_N: u32 = 8;
override LANES_M: u32 = 8;

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
  groups: u32,
  group_in: u32,
  group_out: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dw: array<f32>;

fn store(at: u32, k: u32, last: u32, value: vec4f) {
  dw[at + k] = value.x;
  if (k + 1 < last) { dw[at + k + 1] = value.y; }
  if (k + 2 < last) { dw[at + k + 2] = value.z; }
  if (k + 3 < last) { dw[at + k + 3] = value.w; }
}

@compute @workgroup_size(LANES_N, LANES_M)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) lane: vec3u,
) {
  let filter_size = KERNEL_H * KERNEL_W * params.group_in;
  let in_channels = params.group_in * params.groups;
  let out_channels = params.group_out * params.groups;
  let columns = (filter_size + LANES_N * 4 - 1) / (LANES_N * 4);
  let rows = (params.group_out + LANES_M * 8 - 1) / (LANES_M * 8);
  let tile = workgroup.y * workgroups.x + workgroup.x;
  let column = (tile % columns * LANES_N + lane.x) * 4;
  let group_channel = (tile / columns % rows * LANES_M + lane.y) * 8;
  let group = tile / (columns * rows) % params.groups;
  let slice = tile / (columns * rows * params.groups);
  if (column >= filter_size || group_channel >= params.group_out || slice >= params.slices) { return; }

  // Channels and columns past the end repeat the last one and are not stored.
  let last = vec4u(params.group_out - 1);
  let o0 = group * params.group_out + min(vec4u(group_channel) + vec4u(0, 1, 2, 3), last);
  let o1 = group * params.group_out + min(vec4u(group_channel) + vec4u(4, 5, 6, 7), last);
  let k = min(vec4u(column) + vec4u(0, 1, 2, 3), vec4u(filter_size - 1));
  let i = group * params.group_in + k % params.group_in;
  let tap = k / params.group_in;
  let top = tap / KERNEL_W * DILATION_H - params.pad_top; // wraps below zero, so one comparison is enough
  let left = tap % KERNEL_W * DILATION_W - params.pad_left;

  var m = slice * params.slice_pixels;
  let end = min(m + params.slice_pixels, params.pixels);
  var q = m % params.out_width;
  var p = m / params.out_width % params.out_height;
  var image = m / (params.out_width * params.out_height) * params.in_height;
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  var sum4 = vec4f();
  var sum5 = vec4f();
  var sum6 = vec4f();
  var sum7 = vec4f();
  for (; m < end; m++) {
    let row = top + p * STRIDE_H;
    let col = left + q * STRIDE_W;
    let inside = (row < vec4u(params.in_height)) & (col < vec4u(params.in_width));
    let at = select(vec4u(), ((image + row) * params.in_width + col) * in_channels + i, inside);
    let b = select(vec4f(), vec4f(x[at.x], x[at.y], x[at.z], x[at.w]), inside);
    let a_at = m * out_channels;
    sum0 += dy[a_at + o0.x] * b;
    sum1 += dy[a_at + o0.y] * b;
    sum2 += dy[a_at + o0.z] * b;
    sum3 += dy[a_at + o0.w] * b;
    sum4 += dy[a_at + o1.x] * b;
    sum5 += dy[a_at + o1.y] * b;
    sum6 += dy[a_at + o1.z] * b;
    sum7 += dy[a_at + o1.w] * b;

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

  let out = (slice * out_channels + group * params.group_out + group_channel) * filter_size;
  store(out, column, filter_size, sum0);
  if (group_channel + 1 < params.group_out) { store(out + filter_size, column, filter_size, sum1); }
  if (group_channel + 2 < params.group_out) { store(out + 2 * filter_size, column, filter_size, sum2); }
  if (group_channel + 3 < params.group_out) { store(out + 3 * filter_size, column, filter_size, sum3); }
  if (group_channel + 4 < params.group_out) { store(out + 4 * filter_size, column, filter_size, sum4); }
  if (group_channel + 5 < params.group_out) { store(out + 5 * filter_size, column, filter_size, sum5); }
  if (group_channel + 6 < params.group_out) { store(out + 6 * filter_size, column, filter_size, sum6); }
  if (group_channel + 7 < params.group_out) { store(out + 7 * filter_size, column, filter_size, sum7); }
}
