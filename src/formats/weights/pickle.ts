import { FormatError } from '../../utils/errors.js';
import { PickleReader } from './pickle-reader.js';

/** A class or function that a pickle names; only those of an allow-list ever exist. */
export class PickleGlobal {
  constructor(
    readonly name: string,
    /** What calling it gives. Left out: it is only passed around, as types of storages are. */
    readonly call?: (args: readonly PickleValue[]) => PickleValue,
  ) {}
}

export class PickleTuple {
  constructor(readonly items: readonly PickleValue[]) {}
}

export type PickleDict = Map<PickleValue, PickleValue>;

/** What the machine's stack holds. `object` is whatever an allowed function made. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleTuple
  | PickleValue[]
  | PickleDict
  | PickleGlobal
  | { readonly object: unknown };

export interface PickleOptions {
  readonly path: string;
  /** By `module name`. A pickle that names anything else is refused. */
  readonly globals: ReadonlyMap<string, PickleGlobal>;
  /** What a reference to data outside of the pickle stands for. Left out: there may be none. */
  readonly persistent?: (id: PickleValue) => PickleValue;
}

/** Far more than any file of weights needs: a hostile one ends here, not at the end of the memory. */
const MAX_OPERATIONS = 20_000_000;
const MAX_STACK = 1_000_000;
const MAX_MEMO = 2_000_000;

const MARK = Symbol('mark');
type StackItem = PickleValue | typeof MARK;

/**
 * A machine for the opcodes that data needs (Python's pickletools lists them). It can make numbers, texts, lists,
 * tuples and dicts, and call functions of the allow-list; it cannot import, look up attributes, or run code.
 */
export class Unpickler {
  readonly #stack: StackItem[] = [];
  readonly #memo = new Map<number, PickleValue>();
  readonly #reader: PickleReader;

  constructor(
    bytes: Uint8Array,
    private readonly options: PickleOptions,
    start = 0,
  ) {
    this.#reader = new PickleReader(bytes, start, options.path);
  }

  /** Where the pickle ended, once `load` has returned. */
  get end(): number {
    return this.#reader.at;
  }

  /** The one value of the pickle. Throws FormatError for anything that is damaged or not allowed. */
  load(): PickleValue {
    const reader = this.#reader;
    for (let operations = 0; operations < MAX_OPERATIONS; operations++) {
      const code = reader.uint8();
      if (code === 0x2e) {
        const value = this.#pop();
        if (this.#stack.length > 0) this.#fail('something is left when it ends');
        return value;
      }
      const value = this.#step(code);
      if (value !== undefined) this.#stack.push(value);
      if (this.#stack.length > MAX_STACK) this.#fail(`more than ${MAX_STACK} values are waiting`);
    }
    return this.#fail(`it takes more than ${MAX_OPERATIONS} steps`);
  }

  /** Does one operation. @returns what it puts on the stack, if anything */
  #step(code: number): PickleValue | undefined {
    const reader = this.#reader;
    switch (String.fromCharCode(code)) {
      case '\x80': {
        const protocol = reader.uint8();
        if (protocol > 5) this.#fail(`protocol ${protocol} is newer than 5`);
        return undefined;
      }
      case '\x95':
        reader.size64(); // length of a frame: a hint for streams
        return undefined;
      case 'N':
        return null;
      case '\x88':
        return true;
      case '\x89':
        return false;
      case 'J':
        return reader.int32();
      case 'K':
        return reader.uint8();
      case 'M':
        return reader.uint16();
      case '\x8a':
        return reader.long(reader.uint8());
      case 'I':
        return reader.decimalOrBoolean();
      case 'L':
        return reader.decimal();
      case 'G':
        return reader.float64();
      case 'X':
        return reader.text(reader.uint32());
      case '\x8c':
        return reader.text(reader.uint8());
      case '\x8d':
        return reader.text(reader.size64());
      case 'T':
        return reader.text(reader.uint32());
      case 'U':
        return reader.text(reader.uint8());
      case 'B':
        return reader.bytes(reader.uint32());
      case 'C':
        return reader.bytes(reader.uint8());
      case ')':
        return new PickleTuple([]);
      case '(':
        this.#stack.push(MARK);
        return undefined;
      case 't':
        return new PickleTuple(this.#popToMark());
      case '\x85':
        return new PickleTuple(this.#popMany(1));
      case '\x86':
        return new PickleTuple(this.#popMany(2));
      case '\x87':
        return new PickleTuple(this.#popMany(3));
      case ']':
        return [];
      case 'l':
        return this.#popToMark();
      case 'a':
        this.#append(this.#popMany(1));
        return undefined;
      case 'e':
        this.#append(this.#popToMark());
        return undefined;
      case '}':
        return new Map();
      case 'd':
        return this.#setItems(new Map(), this.#popToMark());
      case 's': {
        const items = this.#popMany(2);
        return this.#setItems(this.#pop(), items);
      }
      case 'u': {
        const items = this.#popToMark();
        return this.#setItems(this.#pop(), items);
      }
      case 'q':
        this.#remember(reader.uint8());
        return undefined;
      case 'r':
        this.#remember(reader.uint32());
        return undefined;
      case '\x94':
        this.#remember(this.#memo.size);
        return undefined;
      case 'h':
        return this.#recall(reader.uint8());
      case 'j':
        return this.#recall(reader.uint32());
      case '0':
        this.#pop();
        return undefined;
      case 'c':
        return this.#global(`${reader.line()} ${reader.line()}`);
      case '\x93': {
        const [module, name] = this.#popMany(2);
        return this.#global(`${module} ${name}`);
      }
      case 'R': {
        const [callee, args] = this.#popMany(2);
        return this.#call(callee, args);
      }
      case 'b': {
        // Attributes of an ordered dict, such as `_metadata`, mean nothing here; nothing else may have any.
        this.#pop();
        if (!(this.#peek() instanceof Map)) this.#fail('it sets attributes of an object');
        return undefined;
      }
      case 'Q': {
        const { persistent } = this.options;
        const id = this.#pop();
        return persistent ? persistent(id) : this.#fail('it refers to data outside of it');
      }
      default:
        return this.#fail(`opcode 0x${code.toString(16)} at byte ${reader.at - 1} is not allowed`);
    }
  }

  #global(name: string): PickleGlobal {
    const found = this.options.globals.get(name);
    if (found) return found;
    throw new FormatError(
      `${this.options.path}: the pickle names ${JSON.stringify(name.replace(' ', '.'))}, which is not allowed`,
      'only tensors, dicts, lists and numbers are read, since anything else can run code: save `model.state_dict()` alone',
    );
  }

  #call(callee: PickleValue, args: PickleValue): PickleValue {
    if (!(callee instanceof PickleGlobal && callee.call)) return this.#fail('it calls something that is no function');
    if (!(args instanceof PickleTuple)) return this.#fail(`the arguments of ${callee.name} are no tuple`);
    return callee.call(args.items);
  }

  #setItems(dict: PickleValue, items: readonly PickleValue[]): PickleValue {
    if (!(dict instanceof Map)) return this.#fail('it sets items of something that is no dict');
    if (items.length % 2 === 1) this.#fail('a key has no value');
    for (let i = 0; i < items.length; i += 2) {
      if (items[i] === '__proto__') this.#fail('a key is named __proto__');
      dict.set(items[i], items[i + 1]);
    }
    return dict;
  }

  #append(items: readonly PickleValue[]): void {
    const list = this.#peek();
    if (!Array.isArray(list)) this.#fail('it appends to something that is no list');
    else for (const item of items) list.push(item);
  }

  #remember(index: number): void {
    if (this.#memo.size >= MAX_MEMO) this.#fail(`more than ${MAX_MEMO} values are remembered`);
    this.#memo.set(index, this.#peek());
  }

  #recall(index: number): PickleValue {
    const value = this.#memo.get(index);
    return value === undefined ? this.#fail(`value ${index} was never remembered`) : value;
  }

  #peek(): PickleValue {
    const value = this.#stack.at(-1);
    return value === undefined || value === MARK ? this.#fail('a value is missing') : value;
  }

  #pop(): PickleValue {
    const value = this.#peek();
    this.#stack.pop();
    return value;
  }

  #popMany(count: number): PickleValue[] {
    return Array.from({ length: count }, () => this.#pop()).reverse();
  }

  #popToMark(): PickleValue[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) return this.#fail('a mark is missing');
    const items = this.#stack.splice(mark) as StackItem[];
    return items.slice(1) as PickleValue[];
  }

  #fail(what: string): never {
    throw new FormatError(`${this.options.path}: the pickle is damaged or foreign: ${what}`, 'get the file again');
  }
}
