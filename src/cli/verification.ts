import pc from 'picocolors';
import type { Verification } from '../formats/inference/verify.js';

/** Verdict and figures, a line each. */
export function describeVerification({ executor, batches, passed, reason, precision }: Verification): string[] {
  const rows = batches.map(({ batch, relative, snr, sameTop1 }) => {
    const noise = Number.isFinite(snr) ? `${snr.toFixed(1)} dB` : 'no difference';
    return `  batch ${batch}: relative error ${relative.toExponential(1)}, ${noise}, top-1 ${sameTop1 ? 'equal' : 'differs'}`;
  });
  const head = `${executor}, ${precision}`;
  return [passed ? `${pc.green('verified')}: ${head}` : `${pc.red('failed')}: ${head}: ${reason}`, ...rows];
}
