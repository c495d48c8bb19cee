// Unpacks the brotli archives inside @sparticuz/chromium, once, into node_modules/.cache/cvnets:
// Chromium itself, the libraries it needs beyond glibc, and SwiftShader, a Vulkan driver that runs on the CPU.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';

const modules = fileURLToPath(new URL('../node_modules', import.meta.url));
const source = join(modules, '@sparticuz/chromium');

/** True where the packaged Chromium and SwiftShader can run: the package holds Linux x64 binaries only. */
export const packagedBinariesRun = process.platform === 'linux' && process.arch === 'x64';

/** Writes a ustar archive's files, folders and links below `folder`. */
function untar(archive, folder) {
  const text = (start, length) => archive.toString('utf8', start, start + length).replace(/\0.*$/s, '');
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8) || 0;
    const prefix = text(at + 257, 5) === 'ustar' ? text(at + 345, 155) : '';
    const path = join(folder, prefix, text(at, 100));
    if (!path.startsWith(folder)) throw new Error(`archive entry ${path} would land outside ${folder}`);
    const type = String.fromCharCode(archive[at + 156]);
    mkdirSync(type === '5' ? path : dirname(path), { recursive: true });
    if (type === '0' || type === '\0') {
      writeFileSync(path, archive.subarray(at + 512, at + 512 + size));
      chmodSync(path, Number.parseInt(text(at + 100, 8), 8) & 0o777);
    } else if (type === '2') symlinkSync(text(at + 157, 100), path);
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

/**
 * Unpacks archive `name` of the package and returns its folder; concurrent and interrupted runs do no harm.
 * @param finish completes the folder before anyone sees it.
 */
function extract(name, finish = (_folder) => {}) {
  const file = join(source, 'bin', `${name}.br`);
  if (!existsSync(file)) throw new Error(`${file} is missing: run npm ci first`);
  const { version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
  const folder = join(modules, '.cache/cvnets', `${name.replace('.tar', '')}-${version}`);
  if (existsSync(folder)) return folder;
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  const data = brotliDecompressSync(readFileSync(file));
  if (name.endsWith('.tar')) untar(data, draft);
  else writeFileSync(join(draft, name), data, { mode: 0o755 });
  finish(draft);
  try {
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** Folder with libvulkan.so.1 (the loader that Dawn opens), libvk_swiftshader.so and its ICD description. */
export const extractSwiftShader = () => extract('swiftshader.tar');

/** Chromium's executable and the folder of libraries for its LD_LIBRARY_PATH. */
export function extractChromium() {
  const swiftShader = extractSwiftShader();
  const folder = extract('chromium', (draft) => {
    // Chromium looks for its drivers beside its executable.
    for (const name of readdirSync(swiftShader))
      symlinkSync(relative(draft, join(swiftShader, name)), join(draft, name));
  });
  return { executable: join(folder, 'chromium'), libraries: join(extract('al2023.tar'), 'lib') };
}
