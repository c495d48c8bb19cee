import pc from 'picocolors';
import { writeReport } from '../../train/report.js';
import { RunFolder } from '../../train/run-folder.js';
import type { CommandContext } from '../context.js';

/** Writes `report.html` of a run from what its folder holds. */
export async function report(
  { platform, output }: CommandContext,
  run: string,
  { json }: { readonly json?: boolean },
): Promise<void> {
  const path = await writeReport(await RunFolder.open(platform.files, run));
  output.write(json ? `${JSON.stringify({ event: 'end', report: path })}\n` : `wrote ${pc.cyan(path)}\n`);
}
