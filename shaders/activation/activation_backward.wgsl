// dx = dy f'(x), four elements an invocation. KIND as in activation.wgsl; kinks take the derivative of their left side.

override KIND: u32;

struct Params {
  vectors: u32,
  slope: f32, // below zero, leaky relu only
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

fn sigmoid(v: vec4f) -> vec4f {
  return 1 / (1 + exp(-clamp(v, vec4f(-87), vec4f(87))));
}

// Odd polynomial near zero, where 1 - 2 / (exp(2x) + 1) would cancel.
fn hyperbolic_tangent(v: vec4f) -> vec4f {
  let s = v * v;
  let small = v + v * s * (-0.33333331346511841 + s * (0.13332915306091309 + s * (-0.053873877972364426
    + s * (0.021110596135258675 - s * 0.00626854645088315))));
  let a = min(abs(v), vec4f(10));
  let large = sign(v) * (1 - 2 / (exp(2 * a) + 1));
  return select(large, small, abs(v) < vec4f(0.6));
}

// Phi(x), the area under the normal density. With u = |x| / sqrt 2: 1/2 + u P(u^2) below u = 1; beyond, the tail is
// exp(-u^2) Q(1 / (1 + u/2)) / 2, which keeps its relative accuracy far below zero.
fn normal_area(v: vec4f) -> vec4f {
  let u = min(abs(v) * 0.7071067811865476, vec4f(9));
  let s = u * u;
  let half_erf = 0.5 * u * (1.128379225730896 + s * (-0.37612637877464294 + s * (0.11283782124519348
    + s * (-0.026865430176258087 + s * (0.005221031606197357 + s * (-0.0008484080317430198
    + s * (0.00011265958892181516 - s * 0.000009667044650996104)))))));
  let t = 1 / (1 + 0.5 * u);
  let scaled = -0.000009348606909043156 + t * (0.28232085704803467 + t * (0.27979776263237
    + t * (0.2594630718231201 + t * (0.136580690741539 + t * (0.14944973587989807 + t * (-0.03008902259171009
    + t * (-0.14662572741508484 + t * 0.06945960223674774)))))));
  let tail = 0.5 * exp(-s) * scaled;
  let below = select(tail, 0.5 - half_erf, u < vec4f(1));
  let above = select(1 - tail, 0.5 + half_erf, u < vec4f(1));
  return select(above, below, v < vec4f(0));
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 256 + id.x;
  if (i >= params.vectors) { return; }

  let v = x[i];
  let zero = vec4f(0);
  let one = vec4f(1);
  let inside = (v > vec4f(-3)) & (v < vec4f(3)); // where relu6(x + 3) has a slope
  var slope: vec4f;
  if (KIND == 0) { slope = select(zero, one, v > zero); }
  if (KIND == 1) { slope = select(zero, one, (v > zero) & (v < vec4f(6))); }
  if (KIND == 2) { slope = select(vec4f(params.slope), one, v > zero); }
  if (KIND == 3) {
    slope = sigmoid(v) * sigmoid(-v); // 1 - sigmoid(v) would cancel
  }
  if (KIND == 4) {
    let s = sigmoid(v);
    slope = s + v * s * sigmoid(-v);
  }
  if (KIND == 5) { slope = select(select(zero, one, v >= vec4f(3)), (2 * v + 3) / 6, inside); }
  if (KIND == 6) { slope = select(zero, vec4f(1.0 / 6.0), inside); }
  if (KIND == 7) {
    let a = clamp(v, vec4f(-13), vec4f(13)); // the density vanishes beyond
    slope = normal_area(v) + a * exp(-0.5 * a * a) * 0.3989422804014327;
  }
  if (KIND == 8) {
    let t = hyperbolic_tangent(v);
    slope = 1 - t * t;
  }
  dx[i] = dy[i] * slope;
}
