import { ConfigError } from './errors.js';
import { suggestion } from './suggest.js';

/** What recipes can name: the library's own entries, and those that a plugin adds. */
export class Registry<T> {
  readonly #entries: Map<string, T>;

  /** @param kind what an entry is: `dataset` */
  constructor(
    readonly kind: string,
    own: Readonly<Record<string, T>>,
  ) {
    this.#entries = new Map(Object.entries(own));
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  find(name: string): T | undefined {
    return this.#entries.get(name);
  }

  /** @param key the key of the recipe. Throws ConfigError with the nearest name. */
  get(key: string, name: string | null): T {
    if (name === null) throw new ConfigError(`${key} is not set`, `known: ${this.names.join(', ')}`);
    const entry = this.#entries.get(name);
    if (entry !== undefined) return entry;
    throw new ConfigError(`${key}: there is no ${this.kind} '${name}'`, suggestion(name, this.names));
  }

  /** Throws ConfigError for a name that is taken, or that is no plain word. */
  register(name: string, entry: T): void {
    if (!/^[a-z][a-z0-9_]*$/.test(name)) {
      throw new ConfigError(`'${name}' cannot name a ${this.kind}`, 'use small letters, digits and `_`');
    }
    if (this.#entries.has(name)) {
      throw new ConfigError(`there is a ${this.kind} '${name}' already`, 'choose another name');
    }
    this.#entries.set(name, entry);
  }
}
