// 2-D convolution as an implicit matrix product for any number of channels (images, odd widths, small groups).
//
//   y[m, o] = bias[o] + sum over tap, i of  x[pixel(m) * STRIDE - pad + tap * DILATION, i] * w[o, tap, i]
//
// As conv2d_tall.wgsl with scalar loads: 8 output pixels x 4 output channels an invocation.

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
  let first = (tile / (group_tiles * params.groups) * LANES_M + lane.y) * 8;
  if (group_channel >= params.group_out || first >= params.pixels) { return; }
  let channel = group * params.group_out + group_channel;
  let last = (group + 1) * params.group_out;

  // Pixels and channels past the end repeat the last one and are not stored.
  let o = min(vec4u(channel) + vec4u(0, 1, 2, 3), vec4u(last - 1));
  let m0 = min(vec4u(first) + vec4u(0, 1, 2, 3), vec4u(params.pixels - 1));
  let m1 = min(vec4u(first) + vec4u(4, 5, 6, 7), vec4u(params.pixels - 1));
  let line0 = m0 / params.out_width; // rows of output before this one, all images counted
  let line1 = m1 / params.out_width;
  let n0 = line0 / params.out_height;
  let n1 = line1 / params.out_height;
  let left0 = (m0 - line0 * params.out_width) * STRIDE_W - params.pad_left;
  let left1 = (m1 - line1 * params.out_width) * STRIDE_W - params.pad_left;
  let top0 = (line0 - n0 * params.out_height) * STRIDE_H - params.pad_top;
  let top1 = (line1 - n1 * params.out_height) * STRIDE_H - params.pad_top;
  let image0 = n0 * params.in_height;
  let image1 = n1 * params.in_height;

  let in_channels = params.group_in * params.groups;
  var filter_at = o * (KERNEL_H * KERNEL_W * params.group_in);
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  var sum4 = vec4f();
  var sum5 = vec4f();
  var sum6 = vec4f();
  var sum7 = vec4f();
  for (var r = 0u; r < KERNEL_H; r++) {
    let row0 = top0 + r * DILATION_H; // wraps below zero, so one comparison is enough
    let row1 = top1 + r * DILATION_H;
    for (var s = 0u; s < KERNEL_W; s++) {
      let col0 = left0 + s * DILATION_W;
      let col1 = left1 + s * DILATION_W;
      let inside0 = (row0 < vec4u(params.in_height)) & (col0 < vec4u(params.in_width));
      let inside1 = (row1 < vec4u(params.in_height)) & (col1 < vec4u(params.in_width));
      let pixel0 = ((image0 + row0) * params.in_width + col0) * in_channels + group * params.group_in;
      let pixel1 = ((image1 + row1) * params.in_width + col1) * in_channels + group * params.group_in;
      let start0 = select(vec4u(), pixel0, inside0);
      let start1 = select(vec4u(), pixel1, inside1);
      for (var c = 0u; c < params.group_in; c++) {
        let loaded0 = vec4f(x[start0.x + c], x[start0.y + c], x[start0.z + c], x[start0.w + c]);
        let loaded1 = vec4f(x[start1.x + c], x[start1.y + c], x[start1.z + c], x[start1.w + c]);
        let a0 = select(vec4f(), loaded0, inside0);
        let a1 = select(vec4f(), loaded1, inside1);
        let b = vec4f(w[filter_at.x], w[filter_at.y], w[filter_at.z], w[filter_at.w]);
        sum0 += a0.x * b;
        sum1 += a0.y * b;
        sum2 += a0.z * b;
        sum3 += a0.w * b;
        sum4 += a1.x * b;
        sum5 += a1.y * b;
        sum6 += a1.z * b;
        sum7 += a1.w * b;
        filter_at += vec4u(1);
      }
    }
  }
  var offset = vec4f();
  if (HAS_BIAS) { offset = vec4f(bias[o.x], bias[o.y], bias[o.z], bias[o.w]); }
  store(first, channel, last, sum0 + offset);
  store(first + 1, channel, last, sum1 + offset);
  store(first + 2, channel, last, sum2 + offset);
  store(first + 3, channel, last, sum3 + offset);
  store(first + 4, channel, last, sum4 + offset);
  store(first + 5, channel, last, sum5 + offset);
  store(first + 6, channel, last, sum6 + offset);
  store(first + 7, channel, last, sum7 + offset);
}
