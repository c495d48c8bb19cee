import { crc32c } from '../../src/formats/crc.js';

export interface ReadEvent {
  readonly wallTime: number;
  readonly step: number;
  readonly fileVersion?: string;
  readonly scalars: Readonly<Record<string, number>>;
}

type Field = { readonly number: number; readonly value: number | Uint8Array };

/** Reads an event file by the definitions of the format, and throws where a check or a length is wrong. */
export function readEvents(file: Uint8Array): ReadEvent[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const unmask = (masked: number) => {
    const rotated = (masked - 0xa282ead8) >>> 0;
    return ((rotated >>> 17) | (rotated << 15)) >>> 0;
  };
  const events: ReadEvent[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true));
    const content = file.subarray(at + 12, at + 12 + length);
    if (unmask(view.getUint32(at + 8, true)) !== crc32c(file.subarray(at, at + 8))) throw new Error('length check');
    if (unmask(view.getUint32(at + 12 + length, true)) !== crc32c(content)) throw new Error('content check');
    events.push(readEvent(content));
    at += 16 + length;
  }
  return events;
}

function readEvent(bytes: Uint8Array): ReadEvent {
  const scalars: Record<string, number> = {};
  const event = { wallTime: 0, step: 0, scalars };
  for (const { number, value } of readFields(bytes)) {
    if (number === 1) event.wallTime = value as number;
    if (number === 2) event.step = value as number;
    if (number === 3) Object.assign(event, { fileVersion: text(value) });
    if (number !== 5) continue;
    for (const entry of readFields(value as Uint8Array)) {
      const [tag, simple] = readFields(entry.value as Uint8Array);
      scalars[text(tag.value)] = simple.value as number;
    }
  }
  return event;
}

const text = (value: number | Uint8Array) => new TextDecoder().decode(value as Uint8Array);

function* fields(bytes: Uint8Array): Generator<Field> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const number = key >> 3;
    switch (key & 7) {
      case 0:
        yield { number, value: varint() };
        break;
      case 1:
        yield { number, value: view.getFloat64(at, true) };
        at += 8;
        break;
      case 2: {
        const length = varint();
        yield { number, value: bytes.subarray(at, at + length) };
        at += length;
        break;
      }
      case 5:
        yield { number, value: view.getFloat32(at, true) };
        at += 4;
        break;
      default:
        throw new Error(`wire type ${key & 7}`);
    }
  }
}

const readFields = (bytes: Uint8Array): Field[] => [...fields(bytes)];
