import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as api from '../../src/index.node.js';

const root = resolve(import.meta.dirname, '../..');
const { scripts, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

describe.each(['README.md', 'CONTRIBUTING.md'])('%s', (name) => {
  const text = readFileSync(join(root, name), 'utf8');
  const shell = [...text.matchAll(/^```bash\n([\s\S]*?)^```/gm)].map(([, block]) => block).join('');
  const commands = shell.split(/\n|&&/).map((line) => line.replace(/#.*/, '').trim());

  test('npm commands exist', () => {
    const used = commands
      .map((line) => /^npm (?:run )?([\w:]+)/.exec(line)?.[1])
      .filter((script) => script !== undefined);
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((script) => script !== 'ci' && !(script in scripts))).toEqual([]);
  });

  test('commands of cvnets exist', () => {
    const used = commands.map((line) => /^npx cvnets (\w+)/.exec(line)?.[1]).filter((command) => command !== undefined);
    const help = execFileSync(process.execPath, [join(root, bin.cvnets), '--help'], { encoding: 'utf8' });
    const known = [...help.matchAll(/^ {2}(\w+) /gm)].map(([, command]) => command);
    expect(used.filter((command) => !known.includes(command))).toEqual([]);
  });

  test('files that are named exist', () => {
    const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => path);
    const recipes = [...shell.matchAll(/recipes\/\S+\.yaml/g)].map(([path]) => path);
    const folders = [...text.matchAll(/`((?:src|assembly|shaders|tests)\/[\w/]*)`/g)].map(([, path]) => path);
    expect([...links, ...recipes, ...folders].filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('imports from the package exist', () => {
    const names = [...text.matchAll(/import \{([^}]*)\} from 'cvnets'/g)].flatMap(([, list]) => list.split(','));
    expect(names.map((part) => part.trim()).filter((part) => part !== '' && !(part in api))).toEqual([]);
  });
});
