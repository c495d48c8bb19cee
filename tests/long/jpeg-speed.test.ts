import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { JpegDecoder } from '../../src/data/images/jpeg.js';
import { nodePlatform } from '../../src/platform/node.js';
import { MersenneTwister } from '../../src/utils/mersenne-twister.js';

/**
 * Decoders that are compared, where they are installed: in the folder `bench`, or CVNETS_PEERS, run
 * `npm ci --ignore-scripts`. The first is native and uses
 * the fast DCT, which is less accurate; a call of it costs some 20 µs more here than in a plain Node process.
 */
const peers = resolve(process.env.CVNETS_PEERS ?? join(import.meta.dirname, '../../bench'));
const folder = process.env.CVNETS_JPEG_FOLDER ?? resolve(import.meta.dirname, '../../../shared/data/flowers');
const require = createRequire(join(peers, 'package.json'));

type Decode = (file: Uint8Array, i: number) => unknown;

interface Turbo {
  readonly FORMAT_RGB: number;
  decompressSync(file: Uint8Array, output: Uint8Array, options: { format: number }): unknown;
}
interface JpegJs {
  decode(file: Uint8Array, options: { useTArray: boolean; formatAsRGBA: boolean }): unknown;
}
interface Jsquash {
  default(file: ArrayBuffer): Promise<unknown>;
  init(module: WebAssembly.Module): Promise<void>;
}

/** Each takes the bytes of the largest picture. */
const loaders: Record<string, (bytes: number) => Decode | Promise<Decode>> = {
  '@julusian/jpeg-turbo'(bytes) {
    const turbo: Turbo = require('@julusian/jpeg-turbo');
    const out = Buffer.alloc(bytes);
    return (file) => turbo.decompressSync(file, out, { format: turbo.FORMAT_RGB });
  },
  async '@jsquash/jpeg'() {
    const path = require.resolve('@jsquash/jpeg/decode.js');
    const { default: decode, init }: Jsquash = await import(path);
    const wasm = readFileSync(join(dirname(path), 'codec/dec/mozjpeg_dec.wasm'));
    // What its decoder needs of a page.
    Object.assign(globalThis, { ImageData: class {} });
    await init(await WebAssembly.compile(wasm));
    return (file) => decode(new Uint8Array(file).buffer);
  },
  'jpeg-js'() {
    const jpeg: JpegJs = require('jpeg-js');
    return (file) => jpeg.decode(file, { useTArray: true, formatAsRGBA: false });
  },
};

/** Boxes of random resized crops: 8 to 100 % of the area, ratio 3/4 to 4/3. */
function cropOf(width: number, height: number, random: MersenneTwister) {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = width * height * (0.08 + 0.92 * random.random());
    const ratio = (4 / 3) ** (2 * random.random() - 1);
    const [w, h] = [Math.round(Math.sqrt(area * ratio)), Math.round(Math.sqrt(area / ratio))];
    if (w < 1 || h < 1 || w > width || h > height) continue;
    const x = Math.floor(random.random() * (width - w + 1));
    return { x, y: Math.floor(random.random() * (height - h + 1)), width: w, height: h };
  }
  return { x: 0, y: 0, width, height };
}

test.skipIf(!existsSync(folder))(`decoders in turn over ${folder}`, async () => {
  const decoder = await JpegDecoder.create(nodePlatform);
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.jpe?g$/i.test(name));
  const step = Math.max(1, Math.floor(names.length / 150));
  const files = names.sort().flatMap((name, i) => (i % step === 0 ? [readFileSync(join(folder, name))] : []));
  const random = new MersenneTwister(1);
  const sizes = files.map((file) => decoder.header(file));
  const crops = sizes.map(({ width, height }) => cropOf(width, height, random));
  const largest = Math.max(...sizes.map(({ width, height }) => width * height * 3));

  const decoders: Record<string, Decode> = {
    cvnets: (file) => decoder.decode(file),
    'cvnets, training crops': (file, i) => decoder.decode(file, { region: crops[i] }),
  };
  for (const [name, load] of Object.entries(loaders)) {
    try {
      decoders[name] = await load(largest);
    } catch (error) {
      console.log(`${name} is not compared: ${(error as Error).message.split('\n')[0]}`);
    }
  }

  const times = Object.fromEntries(Object.keys(decoders).map((name) => [name, [] as number[]]));
  const [warmUp, rounds, repeats] = [1, 7, 3];
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const [name, decode] of Object.entries(decoders)) {
      const start = process.cpuUsage();
      for (let repeat = 0; repeat < repeats; repeat++) {
        for (const [i, file] of files.entries()) {
          const result = decode(file, i);
          if (result instanceof Promise) await result;
        }
      }
      const { user, system } = process.cpuUsage(start);
      if (round >= warmUp) times[name].push((user + system) / repeats / files.length);
    }
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1];
  console.log(
    `${files.length} files, µs of CPU time an image: best of ${rounds} rounds, and the median ratio to cvnets`,
  );
  for (const [name, values] of Object.entries(times)) {
    const ratio = median(values.map((value, i) => value / times.cvnets[i]));
    console.log(`${name}: ${Math.min(...values).toFixed(1)} µs, ${ratio.toFixed(2)}x the time`);
  }
  expect(times.cvnets.length).toBe(rounds);
});
