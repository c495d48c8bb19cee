// Gradient of a 2-D convolution with respect to its weights, channels-last, channels of a group a multiple of 4.
//
//   dw[o, tap, i] = sum over m of  dy[m, o] * x[pixel(m) * STRIDE - pad + tap * DILATION, i]
//
// A matrix product whose long dimension is m = (n, p, q), the batch folded in. It is split into `slices` runs of
// `slice_pixels` pixels, each summed in order into its own copy of dw; sum_slices.wgsl adds the copies in order.
// One invocation computes 8 output channels x 8 input channels of one tap.

override KERNEL_H: u32 = 1;
override KERNEL_W: u32 = 1;
override STRIDE_H: u32 = 1;
override STRIDE_W: u32 = 1;
override DILATION_H: u32 = 1;
override DILATION_W: u32 = 1;
override LANES_N: u32 = 8;
override LANES_M: u32 = 8;

// A quad is 4 channels, one vec4f. `group_in` and `group_out` count the quads of a group.
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
@group(0) @binding(1) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dw: array<vec4f>;

fn store(at: u32, second: u32, value: vec4f, next: vec4f) {
  dw[at] = value;
  if (second == 1) { dw[at + 1] = next; }
}

@compute @workgroup_size(LANES_N, LANES_M)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) lane: vec3u,
) {
  let in_quads = params.group_in * params.groups;
  let out_quads = params.group_out * params.groups;
  let tap_pairs = (params.group_in + 1) / 2;
  let columns = (KERNEL_H * KERNEL_W * tap_pairs + LANES_N - 1) / LANES_N;
  let rows = ((params.group_out + 1) / 2 + LANES_M - 1) / LANES_M;
  let tile = workgroup.y * workgroups.x + workgroup.x;
  let column = tile % columns * LANES_N + lane.x;
  let tap = column / tap_pairs;
  let out_quad = (tile / columns % rows * LANES_M + lane.y) * 2;
  let group = tile / (columns * rows) % params.groups;
  let slice = tile / (columns * rows * params.groups);
  if (tap >= KERNEL_H * KERNEL_W || out_quad >= params.group_out || slice >= params.slices) { return; }
  let in_quad = column % tap_pairs * 2;

  // A second quad past the end repeats the first and is not stored.
  let second_in = min(in_quad + 1, params.group_in - 1) - in_quad;
  let second_out = min(out_quad + 1, params.group_out - 1) - out_quad;
  let x_quad = group * params.group_in + in_quad;

  let top = tap / KERNEL_W * DILATION_H - params.pad_top; // wraps below zero, so one comparison is enough
  let left = tap % KERNEL_W * DILATION_W - params.pad_left;
  var m = slice * params.slice_pixels;
  let end = min(m + params.slice_pixels, params.pixels);
  var q = m % params.out_width;
  var p = m / params.out_width % params.out_height;
  var image = m / (params.out_width * params.out_height) * params.in_height;
  var a_at = m * out_quads + group * params.group_out + out_quad;
  var row = top + p * STRIDE_H;
  var col = left + q * STRIDE_W;

  var low0 = mat4x4f(); // output channels 0-3 x input channels 0-3
  var low1 = mat4x4f(); // output channels 0-3 x input channels 4-7
  var high0 = mat4x4f();
  var high1 = mat4x4f();
  for (; m < end; m++) {
    let inside = row < params.in_height && col < params.in_width;
    let b_at = select(0, ((image + row) * params.in_width + col) * in_quads + x_quad, inside);
    let b0 = select(vec4f(), x[b_at], inside);
    let b1 = select(vec4f(), x[b_at + second_in], inside);
    let a0 = dy[a_at];
    let a1 = dy[a_at + second_out];
    low0[0] += a0.x * b0; low0[1] += a0.y * b0; low0[2] += a0.z * b0; low0[3] += a0.w * b0;
    low1[0] += a0.x * b1; low1[1] += a0.y * b1; low1[2] += a0.z * b1; low1[3] += a0.w * b1;
    high0[0] += a1.x * b0; high0[1] += a1.y * b0; high0[2] += a1.z * b0; high0[3] += a1.w * b0;
    high1[0] += a1.x * b1; high1[1] += a1.y * b1; high1[2] += a1.z * b1; high1[3] += a1.w * b1;

    a_at += out_quads;
    q++;
    col += STRIDE_W;
    if (q == params.out_width) {
      q = 0;
      col = left;
      p++;
      row += STRIDE_H;
      if (p == params.out_height) {
        p = 0;
        row = top;
        image += params.in_height;
      }
    }
  }

  let filter_quads = KERNEL_H * KERNEL_W * params.group_in;
  let out = (slice * out_quads + group * params.group_out + out_quad) * 4 * filter_quads
    + tap * params.group_in + in_quad;
  store(out, second_in, low0[0], low1[0]);
  store(out + filter_quads, second_in, low0[1], low1[1]);
  store(out + 2 * filter_quads, second_in, low0[2], low1[2]);
  store(out + 3 * filter_quads, second_in, low0[3], low1[3]);
  if (second_out == 1) {
    store(out + 4 * filter_quads, second_in, high0[0], high1[0]);
    store(out + 5 * filter_quads, second_in, high0[1], high1[1]);
    store(out + 6 * filter_quads, second_in, high0[2], high1[2]);
    store(out + 7 * filter_quads, second_in, high0[3], high1[3]);
  }
}
