// 8 independent chains of vec4, c = c * m + a: 64 operations an iteration and invocation. It computes nothing that
// anybody needs: `cvnets bench` compares kernels with its rate.

struct Params {
  iterations: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> result: array<vec4<f32>>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let m = vec4<f32>(0.5, 0.25, 0.125, 0.75);
  let a = vec4<f32>(f32(id.x), 1.0, 2.0, 3.0);
  var c0 = a;
  var c1 = a + 1.0;
  var c2 = a + 2.0;
  var c3 = a + 3.0;
  var c4 = a + 4.0;
  var c5 = a + 5.0;
  var c6 = a + 6.0;
  var c7 = a + 7.0;
  for (var i = 0u; i < params.iterations; i++) {
    c0 = fma(c0, m, a);
    c1 = fma(c1, m, a);
    c2 = fma(c2, m, a);
    c3 = fma(c3, m, a);
    c4 = fma(c4, m, a);
    c5 = fma(c5, m, a);
    c6 = fma(c6, m, a);
    c7 = fma(c7, m, a);
  }
  result[id.x] = c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7;
}
