import type { Files } from '../platform/platform.js';
import { csvLine } from '../utils/csv.js';
import { ConfigError, FormatError } from '../utils/errors.js';
import { curvesSvg } from './curves.js';
import type { EpochResult } from './results.js';

const PLUGINS = 'plugins.txt';

/** Where everything of one run lies. */
export class RunFolder {
  private constructor(
    readonly files: Files,
    readonly path: string,
    /** Files of `--plugin` that the run was started with. */
    readonly plugins: readonly string[],
  ) {}

  /**
   * Makes `parent/label-N` with the first free N: a run never touches the folder of another one, also when two start
   * at once. Throws ConfigError for a label that is no plain name.
   */
  static async create(
    files: Files,
    parent: string,
    label: string,
    plugins: readonly string[] = [],
  ): Promise<RunFolder> {
    if (!/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(label)) {
      throw new ConfigError(`common.run_label is ${JSON.stringify(label)}`, 'use letters, digits, `_`, `-` and `.`');
    }
    const taken = (await files.exists(parent)) ? await files.list(parent) : [];
    const numbers = taken.map((name) =>
      Number(name.startsWith(`${label}-`) ? name.slice(label.length + 1) : Number.NaN),
    );
    for (let n = Math.max(0, ...numbers.filter(Number.isInteger)) + 1; ; n++) {
      const path = `${parent}/${label}-${n}`;
      if (!(await files.makeFolder(path))) continue;
      await files.makeFolder(`${path}/checkpoints`);
      if (plugins.length > 0) await files.write(`${path}/${PLUGINS}`, `${plugins.join('\n')}\n`);
      return new RunFolder(files, path, plugins);
    }
  }

  /** Opens the folder of an earlier run. Throws FormatError when it is none. */
  static async open(files: Files, path: string): Promise<RunFolder> {
    const folder = path.replace(/\/+$/, '');
    const list = `${folder}/${PLUGINS}`;
    const plugins = (await files.exists(list))
      ? new TextDecoder()
          .decode(await files.read(list))
          .trim()
          .split('\n')
      : [];
    const opened = new RunFolder(files, folder, plugins);
    if (await files.exists(opened.configPath)) return opened;
    throw new FormatError(
      `${path} is no run folder: it has no config.yaml`,
      'give the folder that `cvnets train` made',
    );
  }

  get configPath(): string {
    return `${this.path}/config.yaml`;
  }

  get resultsPath(): string {
    return `${this.path}/results.csv`;
  }

  get checkpointsPath(): string {
    return `${this.path}/checkpoints`;
  }

  get reportPath(): string {
    return `${this.path}/report.html`;
  }

  get resumeCommand(): string {
    return `npx cvnets train --resume ${quote(this.path)}${this.#pluginFlags}`;
  }

  get evaluateCommand(): string {
    return `npx cvnets eval ${quote(this.path)}${this.#pluginFlags}`;
  }

  get #pluginFlags(): string {
    return this.plugins.map((plugin) => ` --plugin ${quote(plugin)}`).join('');
  }

  /** The resolved configuration and the commands that go with it. */
  async writeConfig(yaml: string): Promise<void> {
    await this.files.write(this.configPath, yaml);
    const commands = [
      ['go on where this run stopped', this.resumeCommand],
      ['evaluate its best checkpoint', this.evaluateCommand],
      ['name what is in a picture', `npx cvnets predict ${quote(this.path)} photo.jpg${this.#pluginFlags}`],
      ['write report.html again', `npx cvnets report ${quote(this.path)}`],
    ];
    const text = commands.map(([what, command]) => `# ${what}\n${command}\n`).join('');
    await this.files.write(`${this.path}/commands.txt`, text);
  }

  /** `skipped.csv`: files that could not be read, and why. Without any, there is no such file. */
  async writeSkipped(skipped: readonly (readonly [path: string, reason: string])[]): Promise<void> {
    if (skipped.length === 0) return;
    const lines = [['path', 'reason'], ...skipped].map((row) => `${csvLine(row)}\n`);
    await this.files.write(`${this.path}/skipped.csv`, lines.join(''));
  }

  async writeCurves(rows: readonly EpochResult[]): Promise<void> {
    await this.files.write(`${this.path}/curves.svg`, curvesSvg(this.path, rows));
  }
}

/** A path as one word of a POSIX shell. */
function quote(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
