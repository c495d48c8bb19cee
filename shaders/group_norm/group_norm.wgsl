// Group norm, launch 3 of 3: y = (x - mean) rstd gamma + beta with the statistics of each sample and group.

alias Lane = vec4f;

struct Params {
  count: u32, // lanes of x
  sample_lanes: u32,
  lanes: u32,
  groups: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<Lane>;
@group(0) @binding(2) var<storage, read_write> gamma: array<Lane>;
@group(0) @binding(3) var<storage, read_write> beta: array<Lane>;
@group(0) @binding(4) var<storage, read_write> mean: array<f32>;
@group(0) @binding(5) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<Lane>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 256 + id.x;
  if (i >= params.count) { return; }
  let lane = i % params.lanes;
  let own = i / params.sample_lanes * params.groups + lane / (params.lanes / params.groups);
  y[i] = (x[i] - mean[own]) * (rstd[own] * gamma[lane]) + beta[lane];
}
