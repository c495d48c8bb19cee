import { map, type ReferenceRule, split, zeros } from './array.js';

/** One slope a channel (axis 1), or one for all. */
export const prelu: ReferenceRule<unknown> = ([x, a]) => {
  const [, channels, inner] = split(x.shape, 1);
  const slope = (i: number): number => a.data[a.data.length === 1 ? 0 : Math.floor(i / inner) % channels];
  return [map(x, (value, i) => (value > 0 ? value : slope(i) * value))];
};

export const preluBackward: ReferenceRule<unknown> = ([x, a, dy]) => {
  const [, channels, inner] = split(x.shape, 1);
  const dx = zeros(x.shape);
  const da = zeros(a.shape);
  for (let i = 0; i < x.data.length; i++) {
    const c = a.data.length === 1 ? 0 : Math.floor(i / inner) % channels;
    dx.data[i] = x.data[i] > 0 ? dy.data[i] : a.data[c] * dy.data[i];
    if (x.data[i] <= 0) da.data[c] += x.data[i] * dy.data[i];
  }
  return [dx, da];
};
