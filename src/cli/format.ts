import type { RecomputePrice } from '../graph/budget.js';

const units = ['B', 'KB', 'MB', 'GB', 'TB'];

/** `1.5 MB`: three digits, steps of 1000. */
export function formatBytes(bytes: number): string {
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const value = bytes / 1000 ** step;
  return `${step === 0 ? value : value.toPrecision(3)} ${units[step]}`;
}

/** `recompute: peak 478 MB → 223 MB, +3.8 % FLOPs`. */
export function formatRecompute(without: RecomputePrice, peak: number, flops: number): string {
  const more = 100 * (flops / without.flops - 1);
  return `recompute: peak ${formatBytes(without.peak)} → ${formatBytes(peak)}, +${more.toFixed(1)} % FLOPs`;
}

/** `1,234,567`. */
export function formatCount(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `4.35 G`: three digits and a letter for thousands. */
export function formatLarge(value: number): string {
  const letters = ['', ' k', ' M', ' G', ' T', ' P'];
  const step = Math.min(letters.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)));
  return step === 0 ? `${Number(value.toPrecision(3))}` : `${(value / 1000 ** step).toPrecision(3)}${letters[step]}`;
}

/** `07:05`, or `1:02:03` from an hour on. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return '--:--';
  const total = Math.round(seconds);
  const pad = (n: number) => `${n}`.padStart(2, '0');
  const [hours, minutes] = [Math.floor(total / 3600), Math.floor(total / 60) % 60];
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(total % 60)}` : `${pad(minutes)}:${pad(total % 60)}`;
}

/** `0.05`, `1.2e-4`: few digits, exponents only when they are shorter. */
export function formatRate(value: number): string {
  return value === 0 || value >= 0.001 ? `${Number(value.toPrecision(3))}` : value.toExponential(1);
}
