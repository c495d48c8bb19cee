// 2-D convolution as an implicit matrix product, channels-last, channels of a group a multiple of 4.
//
//   y[m, o] = bias[o] + sum over tap, i of  x[pixel(m) * STRIDE - pad + tap * DILATION, i] * w[o, tap, i]
//
// The batch is folded into m = (n, p, q). One invocation computes 4 output pixels x 4 output channels; a workgroup
// covers 4 LANES_M pixels x 4 LANES_N channels of one group. Weights are O, kH, kW, I.

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
  let first = (tile / (group_tiles * params.groups) * LANES_M + lane.y) * 4;
  if (group_quad >= params.group_out || first >= params.pixels) { return; }
  let out_quad = group * params.group_out + group_quad;

  // Pixels past the end repeat the last one and are not stored.
  let m = min(vec4u(first) + vec4u(0, 1, 2, 3), vec4u(params.pixels - 1));
  let line = m / params.out_width; // rows of output before this one, all images counted
  let n = line / params.out_height;
  let left = (m - line * params.out_width) * STRIDE_W - params.pad_left;
  let top = (line - n * params.out_height) * STRIDE_H - params.pad_top;
  let image = n * params.in_height;

  let filter_quads = KERNEL_H * KERNEL_W * params.group_in;
  var filter_at = out_quad * 4 * filter_quads;
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var r = 0u; r < KERNEL_H; r++) {
    let row = top + r * DILATION_H; // wraps below zero, so one comparison is enough
    for (var s = 0u; s < KERNEL_W; s++) {
      let col = left + s * DILATION_W;
      let inside = (row < vec4u(params.in_height)) & (col < vec4u(params.in_width));
      let pixel = ((image + row) * params.in_width + col) * in_quads + group * params.group_in;
      let start = select(vec4u(), pixel, inside);
      for (var c = 0u; c < params.group_in; c++) {
        let a0 = select(vec4f(), x[start.x + c], inside.x);
        let a1 = select(vec4f(), x[start.y + c], inside.y);
        let a2 = select(vec4f(), x[start.z + c], inside.z);
        let a3 = select(vec4f(), x[start.w + c], inside.w);
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
}
