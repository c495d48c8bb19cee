// Gradient of resize2d.wgsl as a gather: an element of x visits the rows and columns of dy that may have read it and
// adds them with the weights of the forward pass.

alias Lane = vec4f;

override BILINEAR: bool = true;

struct Params {
  count: u32, // lanes of dx
  lanes: u32,
  in_height: u32,
  in_width: u32,
  out_height: u32,
  out_width: u32,
  scale_h: f32,
  scale_w: f32,
  shift_h: f32,
  shift_w: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> dy: array<Lane>;
@group(0) @binding(2) var<storage, read_write> dx: array<Lane>;

// How much of position `to` of y came from position `at` of x along an axis.
fn weight(to: u32, at: u32, size: u32, scale: f32, shift: f32) -> f32 {
  let source = max(f32(to) * scale + shift, 0);
  let first = min(u32(source), size - 1);
  let second = min(first + 1, size - 1);
  let part = source - f32(first);
  return select(0.0, 1 - part, first == at) + select(0.0, part, second == at);
}

// First and last position of y that may have read position `at` of x; last < first where nearest skipped it.
fn readers(at: u32, size: u32, out_size: u32, scale: f32, shift: f32) -> vec2u {
  if (!BILINEAR) { // floor(to size / out_size) == at
    return vec2u(at * out_size + size - 1, (at + 1) * out_size + size - 1) / size - vec2u(0, 1);
  }
  if (scale == 0) { return vec2u(0, out_size - 1); }
  let low = floor((f32(at) - 1 - shift) / scale) - 1;
  let high = ceil((f32(at) + 1 - shift) / scale) + 1;
  let last = f32(out_size - 1);
  // What lies before the first centre is read from there.
  return vec2u(select(u32(clamp(low, 0, last)), 0, at == 0), u32(clamp(high, 0, last)));
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 256 + id.x;
  if (i >= params.count) { return; }

  let lane = i % params.lanes;
  let pixel = i / params.lanes;
  let w = pixel % params.in_width;
  let h = pixel / params.in_width % params.in_height;
  let image = pixel / (params.in_width * params.in_height) * params.out_height;

  let rows = readers(h, params.in_height, params.out_height, params.scale_h, params.shift_h);
  let columns = readers(w, params.in_width, params.out_width, params.scale_w, params.shift_w);
  var sum = Lane(0);
  for (var p = rows.x; p <= rows.y; p++) {
    var down = 1.0;
    if (BILINEAR) { down = weight(p, h, params.in_height, params.scale_h, params.shift_h); }
    if (down == 0) { continue; }
    for (var q = columns.x; q <= columns.y; q++) {
      var across = 1.0;
      if (BILINEAR) { across = weight(q, w, params.in_width, params.scale_w, params.shift_w); }
      sum += down * across * dy[((image + p) * params.out_width + q) * params.lanes + lane];
    }
  }
  dx[i] = sum;
}
