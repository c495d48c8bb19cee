// Gradient of softmax cross entropy (launch 2 of 2 for the mean over very many labels, otherwise the only one):
//
//   dz_c = dloss / divisor (exp(z_c - lse) sum_c' a_c' - a_c),  a as in cross_entropy.wgsl
//
// A workgroup works on 256 / X places at a time, X invocations each. Class c of a place is element
// place / inner * classes * inner + place % inner + c * inner.

override X: u32 = 32; // invocations of a place, a power of two
override SOFT: bool = false; // labels are probabilities
override WEIGHTED: bool = false;
override COUNTED: bool = false; // every workgroup adds the divisor up itself: w of each label that counts

struct Params {
  places: u32,
  classes: u32,
  inner: u32,
  places_each: u32, // of a workgroup, a multiple of 256 / X
  ignore_index: i32,
  smoothing: f32,
  parts: u32, // partial sums that make up the divisor, at most 256; with none it is
  divisor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> logits: array<f32>;
@group(0) @binding(2) var<storage, read_write> labels: array<i32>; // or the bits of f32
@group(0) @binding(3) var<storage, read_write> weight: array<f32>;
@group(0) @binding(4) var<storage, read_write> lse: array<f32>;
@group(0) @binding(5) var<storage, read_write> dloss: array<f32>;
@group(0) @binding(6) var<storage, read_write> partials: array<f32>;
@group(0) @binding(7) var<storage, read_write> dlogits: array<f32>;

var<workgroup> terms: array<f32, 256>;

// Sum over the X invocations of each place, in a fixed order; all of them get it.
fn sum_of_place(value: f32, index: u32) -> f32 {
  terms[index] = value;
  for (var half = X / 2; half > 0; half /= 2) {
    workgroupBarrier();
    if (index % X < half) { terms[index] += terms[index + half]; }
  }
  workgroupBarrier();
  let result = terms[index - index % X];
  workgroupBarrier();
  return result;
}

// How much the target makes of class c: 1 or 0 for a label, a probability otherwise.
fn wanted(element: u32, c: u32, label: i32) -> f32 {
  if (SOFT) { return bitcast<f32>(labels[element]); }
  return select(0.0, 1.0, i32(c) == label);
}

fn class_weight(c: u32) -> f32 {
  if (WEIGHTED) { return weight[c]; }
  return 1;
}

fn coefficient(element: u32, c: u32, label: i32) -> f32 {
  let smooth_target = (1 - params.smoothing) * wanted(element, c, label) + params.smoothing / f32(params.classes);
  return class_weight(c) * smooth_target;
}

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  var part = 0.0;
  if (COUNTED) {
    for (var place = index; place < params.places; place += 256) {
      let label = labels[place];
      if (label != params.ignore_index) { part += class_weight(u32(label)); }
    }
  } else if (index < params.parts) {
    part = partials[index];
  }
  terms[index] = part;
  for (var half = 128u; half > 0; half /= 2) {
    workgroupBarrier();
    if (index < half) { terms[index] += terms[index + half]; }
  }
  workgroupBarrier();
  let scale = dloss[0] / select(params.divisor, terms[0], COUNTED || params.parts > 0);
  workgroupBarrier();

  let k = index % X;
  let end = min((group.x + 1) * params.places_each, params.places);
  for (var first = group.x * params.places_each; first < end; first += 256 / X) {
    let inside = first + index / X < end;
    let place = min(first + index / X, params.places - 1);
    let start = place / params.inner * params.classes * params.inner + place % params.inner;
    var label = 0;
    if (!SOFT) { label = labels[place]; }

    var mass = 1.0;
    if (SOFT || WEIGHTED) {
      var sum = 0.0;
      for (var c = k; c < params.classes; c += X) {
        sum += coefficient(start + c * params.inner, c, label);
      }
      mass = sum_of_place(sum, index);
    }

    let counts = SOFT || label != params.ignore_index;
    if (inside) {
      for (var c = k; c < params.classes; c += X) {
        let element = start + c * params.inner;
        let p = exp(logits[element] - lse[place]);
        let slope = scale * (p * mass - coefficient(element, c, label));
        dlogits[element] = select(0.0, slope, counts);
      }
    }
  }
}
