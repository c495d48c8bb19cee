// Gradient of group norm, launch 4 of 4: dx = rstd (g - mean(g) - xhat mean(g xhat)), g = dy gamma.

alias Lane = vec4f;

struct Params {
  count: u32, // lanes of x
  sample_lanes: u32,
  lanes: u32,
  groups: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<Lane>;
@group(0) @binding(2) var<storage, read_write> dy: array<Lane>;
@group(0) @binding(3) var<storage, read_write> gamma: array<Lane>;
@group(0) @binding(4) var<storage, read_write> mean: array<f32>;
@group(0) @binding(5) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(6) var<storage, read_write> means: array<vec2f>; // of g and of g xhat
@group(0) @binding(7) var<storage, read_write> dx: array<Lane>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 256 + id.x;
  if (i >= params.count) { return; }
  let lane = i % params.lanes;
  let own = i / params.sample_lanes * params.groups + lane / (params.lanes / params.groups);
  let normal = (x[i] - mean[own]) * rstd[own];
  dx[i] = rstd[own] * (dy[i] * gamma[lane] - means[own].x - normal * means[own].y);
}
