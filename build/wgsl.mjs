// Lets `import source from './x.wgsl'` give the file as a string, in esbuild and in vite (so in vitest too).
import { readFile } from 'node:fs/promises';

/**
 * WGSL without comments and without the white space that no token needs. Nested block comments are legal WGSL;
 * strings are not, so nothing has to be spared.
 */
export function minifyWgsl(source) {
  let code = '';
  for (let at = 0, depth = 0; at < source.length; ) {
    const two = source.slice(at, at + 2);
    if (two === '/*' || (depth > 0 && two === '*/')) {
      depth += two === '/*' ? 1 : -1;
      at += 2;
    } else if (depth > 0) {
      at++;
    } else if (two === '//') {
      const end = source.indexOf('\n', at);
      at = end < 0 ? source.length : end;
    } else {
      code += source[at++];
    }
  }
  // `a - -b` and `a & &b` must keep their spaces: only those around tokens that never join are dropped.
  return code
    .replace(/\s+/g, ' ')
    .replace(/ ?([{}()[\];,:?@]) ?/g, '$1')
    .replace(/ ?(\+=|-=|\*=|\/=|==|!=|<=|>=|&&|\|\||->) ?/g, '$1')
    .trim();
}

/** For esbuild. */
export const wgslEsbuild = ({ minify = false } = {}) => ({
  name: 'wgsl',
  setup(build) {
    build.onLoad({ filter: /\.wgsl$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      return { contents: minify ? minifyWgsl(source) : source, loader: 'text' };
    });
  },
});

/** For vite. `enforce: 'pre'` because vite would take the file for an asset. */
export const wgslVite = () => ({
  name: 'wgsl',
  enforce: 'pre',
  transform(code, id) {
    if (/\.wgsl$/.test(id)) return { code: `export default ${JSON.stringify(code)};`, map: null };
  },
});
