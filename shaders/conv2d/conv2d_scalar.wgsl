// 2-D convolution as an implicit matrix product for any number of channels (images, odd widths, small groups).
//
//   y[m, o] = bias[o] + sum over tap, i of  x[pixel(m) * STRIDE - pad + tap * DILATION, i] * w[o, tap, i]
//
// As conv2d.wgsl with scalar loads: 4 output pixels x 4 output channels an invocation.

override KERNEL_H: u32 = 1;
override KERNEL_W: u32 = 1;
override STRIDE_H: u32 = 1;
override STRIDE_W: u32 = 1;
override DILATION_H: u32 = 1;
override DILATION_W: u32 = 1;
override HAS_BIAS: bool = false;
override LANES_N: u32 = 8;
override LANES_M: u32 = 8;

struct Params {
  pixels: u32,
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
@group(0) @binding(2) var<storage, read_write> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

fn store(pixel: u32, channel: u32, last: u32, value: vec4f) {
  if (pixel >= params.pixels) { return; }
  let i = pixel * params.group_out * params.groups + channel;
  y[i] = value.x;
  if (channel + 1 < last) { y[i + 1] = value.y; }
  if (channel + 2 < last) { y[i + 2] = value.z; }
  if (channel + 3 < last) { y[i + 3] = value.w; }
}

@compute @workgroup_size(LANES_N, LANES_M)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) lane: vec3u,
) {
  let group_tiles = (params.group_out + LANES_N * 4 - 1) / (LANES_N * 4);
  let tile = workgroup.y * workgroups.x + workgroup.x;
  let column = tile % (group_tiles * params.groups);
  let group = column / group_tiles;
  let group_channel = (column % group_tiles * LANES_N + lane.x) * 4;
  let first = (tile / (group_tiles * params.groups) * LANES_M + lane.y) * 4;
  if (group_channel >= params.group_out || first >= params.pixels) { return; }
  let channel = group * params.group_out + group_channel;
  let last = (group + 1) * params.group_out;

  // Pixels and channels past the end repeat the last one and are not stored.
  let m = min(vec4u(first) + vec4u(0, 1, 2, 3), vec4u(params.pixels - 1));
  let o = min(vec4u(channel) + vec4u(0, 1, 2, 3), vec4u(last - 1));
  let left = m % params.out_width * STRIDE_W - params.pad_left;
  let top = m / params.out_width % params.out_height * STRIDE_H - params.pad_top;
  let image = m / (params.out_width * params.out_height) * params.in_height;

  var filter_at = o * (KERNEL_H * KERNEL_W * params.group_in);
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var r = 0u; r < KERNEL_H; r++) {
    let row = top + r * DILATION_H; // wraps below zero, so one comparison is enough
    for (var s = 0u; s < KERNEL_W; s++) {
      let col = left + s * DILATION_W;
      let inside = (row < vec4u(params.in_height)) & (col < vec4u(params.in_width));
      let pixel = ((image + row) * params.in_width + col) * (params.group_in * params.groups) + group * params.group_in;
      let start = select(vec4u(), pixel, inside);
      for (var c = 0u; c < params.group_in; c++) {
        let loaded = vec4f(x[start.x + c], x[start.y + c], x[start.z + c], x[start.w + c]);
        let a = select(vec4f(), loaded, inside);
        let b = vec4f(w[filter_at.x], w[filter_at.y], w[filter_at.z], w[filter_at.w]);
        sum0 += a.x * b;
        sum1 += a.y * b;
        sum2 += a.z * b;
        sum3 += a.w * b;
        filter_at += vec4u(1);
      }
    }
  }
  if (HAS_BIAS) {
    let offset = vec4f(bias[o.x], bias[o.y], bias[o.z], bias[o.w]);
    sum0 += offset;
    sum1 += offset;
    sum2 += offset;
    sum3 += offset;
  }
  store(first, channel, last, sum0);
  store(first + 1, channel, last, sum1);
  store(first + 2, channel, last, sum2);
  store(first + 3, channel, last, sum3);
}
