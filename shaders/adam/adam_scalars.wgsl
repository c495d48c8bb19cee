// Puts the four numbers of an Adam step side by side: with them apart, adam.wgsl would need more than eight buffers.

@group(0) @binding(1) var<storage, read_write> lr: array<f32>;
@group(0) @binding(2) var<storage, read_write> correction1: array<f32>;
@group(0) @binding(3) var<storage, read_write> correction2: array<f32>;
@group(0) @binding(4) var<storage, read_write> coefficient: array<f32>;
@group(0) @binding(5) var<storage, read_write> scalars: array<f32>;

@compute @workgroup_size(1)
fn main() {
  scalars[0] = lr[0];
  scalars[1] = correction1[0];
  scalars[2] = correction2[0];
  scalars[3] = coefficient[0];
}
