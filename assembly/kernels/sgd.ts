import { rangeEnd, rangeStart } from './range';
import { storeFirst } from './lanes';
import { segmentAt } from './segment';

@unmanaged
class SgdArgs {
  parameter: usize;
  gradient: usize;
  velocity: usize;
  lr: usize;
  /** Null: gradients are not clipped. */
  coefficient: usize;
  newParameter: usize;
  newVelocity: usize;
  segments: usize;
  count: i32;
  momentum: f32;
  nesterov: i32;
}

/**
 * PyTorch's rule, all parameters in one launch:
 * g = coefficient gradient + weightDecay p, v = momentum v + g, p = p - lr (nesterov ? g + momentum v : v)
 */
export function sgd(args: usize, thread: i32, threads: i32): void {
  const a = changetype<SgdArgs>(args);
  const end = rangeEnd(a.count, thread, threads);
  for (let i = rangeStart(a.count, thread, threads); i < end; i++) {
    if (a.nesterov) update(a, i, true);
    else update(a, i, false);
  }
}

// @ts-ignore: decorator
@inline
function update(a: SgdArgs, i: i32, nesterov: bool): void {
  const segment = segmentAt(a.segments, i);
  const coefficient = f32x4.splat(a.coefficient ? load<f32>(a.coefficient) : 1);
  const lr = f32x4.splat(load<f32>(a.lr) * segment.lrMultiplier);
  const decay = f32x4.splat(segment.weightDecay);
  const momentum = f32x4.splat(a.momentum);
  let at = <usize>segment.offset;
  for (let n = segment.count; n > 0; n -= 4) {
    const p = v128.load(a.parameter + at);
    const g = f32x4.add(f32x4.mul(v128.load(a.gradient + at), coefficient), f32x4.mul(p, decay));
    const v = f32x4.add(f32x4.mul(v128.load(a.velocity + at), momentum), g);
    const direction = nesterov ? f32x4.add(g, f32x4.mul(v, momentum)) : v;
    storeFirst(a.newVelocity + at, v, n);
    storeFirst(a.newParameter + at, f32x4.sub(p, f32x4.mul(lr, direction)), n);
    at += 16;
  }
}
