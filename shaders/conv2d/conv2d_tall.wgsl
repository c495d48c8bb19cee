// 2-D convolution as an implicit matrix product, for layers large enough to fill a GPU with taller tiles.
//
//   y[m, o] = bias[o] + sum over tap, i of  x[pixel(m) * STRIDE - pad + tap * DILATION, i] * w[o, tap, i]
//
// conv2d.wgsl with 8 output pixels x 4 output channels an invocation: a weight serves twice as many pixels. Every sum
// has the same order, so the results are the same to the bit.

override KERNEL_H: u32 = 1;
override KERNEL_W: u32 = 1;
override STRIDE_H: u32 = 1;
override STRIDE_W: u32 = 1;
override DILATION_H: u32 = 1;
override DILATION_W: u32 = 1;
override HAS_BIAS: bool = false;
override LANES_N: u32 = 8;
override LANES_M: u32 = 8;

// A quad is 4 channels, one vec4f. `group_in` and `group_out` count the quads of a group.
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
@group(0) @binding(1) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(LANES_N, LANES_M)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) lane: vec3u,
) {
  let in_quads = params.group_in * params.groups;
  let out_quads = params.group_out * params.groups;
  let group_tiles = (params.group_out + LANES_N - 1) / LANES_N;
  let tile = workgroup.y * workgroups.x + workgroup.x;
  let column = tile % (group_tiles * params.groups);
  let group = column / group_tiles;
  let group_quad = column % group_tiles * LANES_N + lane.x;
  let first = (tile / (group_tiles * params.groups) * LANES_M + lane.y) * 8;
  if (group_quad >= params.group_out || first >= params.pixels) { return; }
  let out_quad = group * params.group_out + group_quad;

  // Pixels past the end repeat the last one and are not stored.
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

  let filter_quads = KERNEL_H * KERNEL_W * params.group_in;
  var filter_at = out_quad * 4 * filter_quads;
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
      let pixel0 = ((image0 + row0) * params.in_width + col0) * in_quads + group * params.group_in;
      let pixel1 = ((image1 + row1) * params.in_width + col1) * in_quads + group * params.group_in;
      let start0 = select(vec4u(), pixel0, inside0);
      let start1 = select(vec4u(), pixel1, inside1);
      for (var c = 0u; c < params.group_in; c++) {
        let a0 = select(vec4f(), x[start0.x + c], inside0.x);
        let a1 = select(vec4f(), x[start0.y + c], inside0.y);
        let a2 = select(vec4f(), x[start0.z + c], inside0.z);
        let a3 = select(vec4f(), x[start0.w + c], inside0.w);
        let a4 = select(vec4f(), x[start1.x + c], inside1.x);
        let a5 = select(vec4f(), x[start1.y + c], inside1.y);
        let a6 = select(vec4f(), x[start1.z + c], inside1.z);
        let a7 = select(vec4f(), x[start1.w + c], inside1.w);
        let b = transpose(mat4x4f(
          w[filter_at],
          w[filter_at + filter_quads],
          w[filter_at + 2 * filter_quads],
          w[filter_at + 3 * filter_quads],
        ));
        sum0 += a0.x * b[0]; sum0 += a0.y * b[1]; sum0 += a0.z * b[2]; sum0 += a0.w * b[3];
        sum1 += a1.x * b[0]; sum1 += a1.y * b[1]; sum1 += a1.z * b[2]; sum1 += a1.w * b[3];
        sum2 += a2.x * b[0]; sum2 += a2.y * b[1]; sum2 += a2.z * b[2]; sum2 += a2.w * b[3];
        sum3 += a3.x * b[0]; sum3 += a3.y * b[1]; sum3 += a3.z * b[2]; sum3 += a3.w * b[3];
        sum4 += a4.x * b[0]; sum4 += a4.y * b[1]; sum4 += a4.z * b[2]; sum4 += a4.w * b[3];
        sum5 += a5.x * b[0]; sum5 += a5.y * b[1]; sum5 += a5.z * b[2]; sum5 += a5.w * b[3];
        sum6 += a6.x * b[0]; sum6 += a6.y * b[1]; sum6 += a6.z * b[2]; sum6 += a6.w * b[3];
        sum7 += a7.x * b[0]; sum7 += a7.y * b[1]; sum7 += a7.z * b[2]; sum7 += a7.w * b[3];
        filter_at++;
      }
    }
  }
  var offset = vec4f();
  if (HAS_BIAS) { offset = bias[out_quad]; }
  y[first * out_quads + out_quad] = sum0 + offset;
  if (first + 1 < params.pixels) { y[(first + 1) * out_quads + out_quad] = sum1 + offset; }
  if (first + 2 < params.pixels) { y[(first + 2) * out_quads + out_quad] = sum2 + offset; }
  if (first + 3 < params.pixels) { y[(first + 3) * out_quads + out_quad] = sum3 + offset; }
  if (first + 4 < params.pixels) { y[(first + 4) * out_quads + out_quad] = sum4 + offset; }
  if (first + 5 < params.pixels) { y[(first + 5) * out_quads + out_quad] = sum5 + offset; }
  if (first + 6 < params.pixels) { y[(first + 6) * out_quads + out_quad] = sum6 + offset; }
  if (first + 7 < params.pixels) { y[(first + 7) * out_quads + out_quad] = sum7 + offset; }
}
