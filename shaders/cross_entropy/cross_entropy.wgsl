// Softmax cross entropy, launch 1 of 2, or the only one when one workgroup does it all. For each place (sample and position) with logits z and coefficients a:
//
//   lse = log sum_c exp z_c,  loss = sum_c a_c (lse - z_c)
//   a_c = w_c ((1 - smoothing) t_c + smoothing / classes),  t one-hot or given as probabilities
//
// A workgroup works on 256 / X places at a time, X invocations each. Class c of a place is element
// place / inner * classes * inner + place % inner + c * inner.
// The losses and divisors (w of the label; 1 for probabilities) of a workgroup are summed into one pair.

override X: u32 = 32; // invocations of a place, a power of two
override SOFT: bool = false; // labels are probabilities
override WEIGHTED: bool = false;
override FINAL: u32 = 0; // for the only workgroup: 1 the sum of the losses, 2 their mean

struct Params {
  places: u32,
  classes: u32,
  inner: u32,
  places_each: u32, // of a workgroup, a multiple of 256 / X
  ignore_index: i32,
  smoothing: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> logits: array<f32>;
@group(0) @binding(2) var<storage, read_write> labels: array<i32>; // or the bits of f32
@group(0) @binding(3) var<storage, read_write> weight: array<f32>;
@group(0) @binding(4) var<storage, read_write> lse: array<f32>;
@group(0) @binding(5) var<storage, read_write> partials: array<f32>; // loss, divisor; with FINAL the result

var<workgroup> totals: array<vec2f, 256>;
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

// Maximum over the X invocations of each place; all of them get it.
fn max_of_place(value: f32, index: u32) -> f32 {
  terms[index] = value;
  for (var half = X / 2; half > 0; half /= 2) {
    workgroupBarrier();
    if (index % X < half) { terms[index] = max(terms[index], terms[index + half]); }
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
  let k = index % X;
  let end = min((group.x + 1) * params.places_each, params.places);
  var total = vec2f(0);
  for (var first = group.x * params.places_each; first < end; first += 256 / X) {
    let place = min(first + index / X, params.places - 1);
    let start = place / params.inner * params.classes * params.inner + place % params.inner;

    var largest = -3.4028234e38;
    for (var c = k; c < params.classes; c += X) {
      largest = max(largest, logits[start + c * params.inner]);
    }
    largest = max_of_place(largest, index);

    var exponentials = 0.0;
    for (var c = k; c < params.classes; c += X) {
      exponentials += exp(logits[start + c * params.inner] - largest);
    }
    let line = largest + log(sum_of_place(exponentials, index));

    var label = 0;
    var counts = first + index / X < end;
    if (!SOFT) {
      label = labels[place];
      counts = counts && label != params.ignore_index;
    }
    if (counts) {
      for (var c = k; c < params.classes; c += X) {
        let element = start + c * params.inner;
        total.x += coefficient(element, c, label) * (line - logits[element]);
      }
    }
    if (k == 0 && first + index / X < end) {
      lse[place] = line;
      if (SOFT) {
        total.y += 1;
      } else if (counts) {
        total.y += class_weight(u32(label));
      }
    }
  }

  totals[index] = total;
  for (var half = 128u; half > 0; half /= 2) {
    workgroupBarrier();
    if (index < half) { totals[index] += totals[index + half]; }
  }
  if (index == 0) {
    if (FINAL == 0) {
      partials[2 * group.x] = totals[0].x;
      partials[2 * group.x + 1] = totals[0].y;
    } else {
      partials[0] = totals[0].x / select(1.0, totals[0].y, FINAL == 2);
    }
  }
}
