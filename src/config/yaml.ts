import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parse, parseDocument } from 'yaml';
import { ConfigError } from '../utils/errors.js';

/** One value of a configuration and where it was written. */
export interface Setting {
  readonly key: string;
  readonly value: unknown;
  /** `recipes/mnist.yaml:12`, or `command line`. */
  readonly where: string;
}

/**
 * Flattens a YAML file: nested names are joined by dots, lists are values, `-` in names reads as `_`, groups without
 * content are nothing. Throws ConfigError with file and line.
 */
export function parseYaml(text: string, file: string): Setting[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const where = (offset = 0) => `${file}:${lines.linePos(offset).line}`;
  const [error] = document.errors;
  if (error)
    throw new ConfigError(`${where(error.pos[0])}: ${error.message}`, 'YAML needs even indentation and `key: value`');

  const settings: Setting[] = [];
  const { contents } = document;
  if (contents === null) return settings;
  if (!isMap(contents))
    throw new ConfigError(`${file} holds no keys`, 'write `group:` and, indented below, `key: value`');
  flatten(contents as Node, '', settings, document, where);
  const seen = new Map<string, string>();
  for (const { key, where } of settings) {
    if (seen.has(key))
      throw new ConfigError(`${where}: ${key} was set before, at ${seen.get(key)}`, 'keep one of the two');
    seen.set(key, where);
  }
  return settings;
}

function flatten(
  node: Node,
  prefix: string,
  settings: Setting[],
  document: Document,
  where: (offset?: number) => string,
): void {
  if (!isMap(node)) return;
  for (const { key: keyNode, value } of node.items) {
    const at = where((keyNode as Node).range?.[0]);
    if (!isScalar(keyNode)) throw new ConfigError(`${at}: a key must be a name`, 'quote it');
    const key = joinKey(prefix, String(keyNode.value), at);
    if (isMap(value)) flatten(value as Node, key, settings, document, where);
    else if (isSeq(value) || isScalar(value)) settings.push({ key, value: plain(value as Node, document), where: at });
    else if (value) throw new ConfigError(`${at}: ${key} is an alias`, 'write the value itself');
  }
}

function plain(node: Node, document: Document): unknown {
  return isScalar(node) ? node.value : node.toJS(document);
}

function joinKey(prefix: string, name: string, where: string): string {
  const key = normalizeKey(prefix ? `${prefix}.${name}` : name);
  if (key.split('.').some((part) => part === '__proto__' || part === 'constructor' || part === 'prototype')) {
    throw new ConfigError(`${where}: ${name} is not allowed as a key`, 'rename it');
  }
  return key;
}

/** CVNets' option names are spelled with `-` on the command line and with `_` in files. */
export function normalizeKey(key: string): string {
  return key.replaceAll('-', '_');
}

/** A value from the command line, read as YAML: `0.1`, `true`, `[60, 84]`, plain words. */
export function parseValue(text: string): unknown {
  try {
    return parse(text) ?? null;
  } catch {
    return text;
  }
}
