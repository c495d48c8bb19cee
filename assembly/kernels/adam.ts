import { rangeEnd, rangeStart } from './range';
import { storeFirst } from './lanes';
import { segmentAt } from './segment';

@unmanaged
class AdamArgs {
  parameter: usize;
  gradient: usize;
  first: usize;
  second: usize;
  lr: usize;
  biasCorrection1: usize;
  biasCorrection2: usize;
  /** Null: gradients are not clipped. */
  coefficient: usize;
  newParameter: usize;
  newFirst: usize;
  newSecond: usize;
  segments: usize;
  count: i32;
  beta1: f32;
  beta2: f32;
  /** 1 - beta, rounded once. */
  gamma1: f32;
  gamma2: f32;
  eps: f32;
  decoupled: i32;
}

/**
 * PyTorch's rule, all parameters in one launch: m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2,
 * p = p - lr / correction1 m / (sqrt(v / correction2) + eps). Weight decay joins g, or with `decoupled`
 * (AdamW, arXiv:1711.05101) shrinks p by lr weightDecay.
 */
export function adam(args: usize, thread: i32, threads: i32): void {
  const a = changetype<AdamArgs>(args);
  const end = rangeEnd(a.count, thread, threads);
  for (let i = rangeStart(a.count, thread, threads); i < end; i++) update(a, i);
}

function update(a: AdamArgs, i: i32): void {
  const segment = segmentAt(a.segments, i);
  const coefficient = f32x4.splat(a.coefficient ? load<f32>(a.coefficient) : 1);
  const lr = load<f32>(a.lr) * segment.lrMultiplier;
  const rate = f32x4.splat(lr / load<f32>(a.biasCorrection1));
  const root = f32x4.splat(sqrt<f32>(load<f32>(a.biasCorrection2)));
  const decay = f32x4.splat(a.decoupled ? 0 : segment.weightDecay);
  const shrink = f32x4.splat(a.decoupled ? 1 - lr * segment.weightDecay : 1);
  const beta1 = f32x4.splat(a.beta1);
  const beta2 = f32x4.splat(a.beta2);
  const gamma1 = f32x4.splat(a.gamma1);
  const gamma2 = f32x4.splat(a.gamma2);
  const eps = f32x4.splat(a.eps);
  let at = <usize>segment.offset;
  for (let n = segment.count; n > 0; n -= 4) {
    const p = v128.load(a.parameter + at);
    const g = f32x4.add(f32x4.mul(v128.load(a.gradient + at), coefficient), f32x4.mul(p, decay));
    const m = f32x4.add(f32x4.mul(v128.load(a.first + at), beta1), f32x4.mul(g, gamma1));
    const v = f32x4.add(f32x4.mul(v128.load(a.second + at), beta2), f32x4.mul(f32x4.mul(g, g), gamma2));
    const divisor = f32x4.add(f32x4.div(f32x4.sqrt(v), root), eps);
    storeFirst(a.newFirst + at, m, n);
    storeFirst(a.newSecond + at, v, n);
    const next = f32x4.sub(f32x4.mul(p, shrink), f32x4.div(f32x4.mul(rate, m), divisor));
    storeFirst(a.newParameter + at, next, n);
    at += 16;
  }
}
