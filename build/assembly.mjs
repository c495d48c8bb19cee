// Formats assembly/ with biome, whose parser rejects AssemblyScript's decorators on functions: they travel as comments.
// `node build/assembly.mjs` rewrites the files; with `--check` it names those that differ and fails.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
const check = process.argv.includes('--check');
const mark = '//decorator:';

/** Only decorators that stand alone on a line, as they do before functions and globals. */
const hide = (source) => source.replace(/^([ \t]*)(@\w+(?:\(.*\))?)[ \t]*$/gm, `$1${mark}$2`);
const show = (source) => source.replaceAll(mark, '');

function format(path, source) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [biome, 'format', `--stdin-file-path=${basename(path)}`], // not its real path: biome.json leaves assembly/ out
    { cwd: root, input: hide(source), encoding: 'utf8', maxBuffer: 1 << 24 },
  );
  if (status !== 0) throw new Error(`biome cannot format ${relative(root, path)}:\n${stderr}${stdout}`);
  return show(stdout);
}

let different = 0;
for (const name of readdirSync(join(root, 'assembly'), { recursive: true }).sort()) {
  if (!name.endsWith('.ts')) continue;
  const path = join(root, 'assembly', name);
  const source = readFileSync(path, 'utf8');
  const formatted = format(path, source);
  if (formatted === source) continue;
  different++;
  console.log(`${check ? 'not formatted' : 'formatted'}: assembly/${name}`);
  if (!check) writeFileSync(path, formatted);
}
if (check && different > 0) {
  console.error('run `npm run format`');
  process.exit(1);
}
