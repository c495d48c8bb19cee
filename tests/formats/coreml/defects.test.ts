import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  MilFunction,
  MilOperation,
  MilValue,
  ModelDescription,
  ProgramModel,
} from '../../../src/formats/coreml/model.js';
import { lintPackage } from '../../../src/formats/coreml/read/lint/lint.js';
import { readPackage } from '../../../src/formats/coreml/read/package.js';
import { encodeProgramModel } from '../../../src/formats/coreml/write/encode-program.js';
import * as ops from '../../../src/ops/index.js';
import { memoryFiles } from '../../../src/platform/memory-files.js';
import type { Engine } from '../../../src/scheduler/engine.js';
import { type ExportedPackage, exportPackage, verifyPackage } from '../../support/coreml.js';
import { bodyTask, openEngine } from '../../support/onnx.js';
import { weight } from '../../support/operator-networks.js';

/** A classifier whose convolution is padded on three sides, so that orders of pads that are confused still fit. */
const task = bodyTask((x) => {
  const kernel = weight([12, 3, 3, 3]);
  const first = ops.activation(
    ops.conv2d(x, kernel, { bias: weight([12]), stride: 2, padding: [1, 1, 0, 1] }),
    'relu6',
    0,
  );
  const second = ops.conv2d(first, weight([12, 1, 3, 3]), { groups: 12, padding: 1 });
  const pooled = ops.avgPool2d(ops.activation(second, 'hardSwish', 0), { kernel: 3, stride: 2, padding: 1 });
  return ops.linear(ops.mean(pooled, { axes: [2, 3] }), weight([4, 12]), weight([4]));
});

const FOLDER = 'net.mlpackage/Data/com.apple.CoreML';
const MODEL = `${FOLDER}/model.mlmodel`;
const WEIGHTS = `${FOLDER}/weights/weight.bin`;
const MANIFEST = 'net.mlpackage/Manifest.json';

let engine: Engine;
let good: ExportedPackage;
beforeAll(async () => {
  engine = await openEngine();
  good = await exportPackage(engine, task, { classes: ['a', 'b', 'c', 'd'] });
});
afterAll(() => engine.close());

type Disk = Map<string, Uint8Array>;
type Defect = (disk: Disk) => void;

const model =
  (change: (model: ProgramModel) => Partial<ProgramModel>): Defect =>
  (disk) => {
    const changed = { ...good.written.model, ...change(good.written.model) };
    disk.set(MODEL, new Uint8Array(Buffer.concat(encodeProgramModel(changed))));
  };
const main = (change: (main: MilFunction) => Partial<MilFunction>): Defect =>
  model((whole) => ({ main: { ...whole.main, ...change(whole.main) } }));
const description = (change: (description: ModelDescription) => Partial<ModelDescription>): Defect =>
  model((whole) => ({ description: { ...whole.description, ...change(whole.description) } }));
/** Changes the first operation of a type that `where` holds for. */
const operation = (
  type: string,
  change: (operation: MilOperation) => Partial<MilOperation>,
  where: (operation: MilOperation) => boolean = () => true,
): Defect =>
  main(({ operations }) => {
    const at = operations.findIndex((one) => one.type === type && where(one));
    return { operations: operations.with(at, { ...operations[at], ...change(operations[at]) }) };
  });
/** Gives a parameter of the first operation of a type a value of its own. */
const parameter = (type: string, key: string, value: MilValue, where?: (operation: MilOperation) => boolean): Defect =>
  operation(type, ({ inputs }) => ({ inputs: { ...inputs, [key]: [{ value }] } }), where);
const without = (type: string, key: string): Defect =>
  operation(type, ({ inputs: { [key]: _, ...inputs } }) => ({ inputs }));
const ints = (...data: number[]): MilValue => ({
  type: { kind: 'tensor', dtype: 'int32', shape: [data.length] },
  data,
});
const scalar = (dtype: 'int32' | 'bool' | 'string' | 'fp32' | 'fp16', value: number | boolean | string): MilValue => ({
  type: { kind: 'tensor', dtype, shape: [] },
  data: [value],
});
const output = ({ outputs: [first] }: MilOperation, change: object): Partial<MilOperation> => ({
  outputs: [{ ...first, ...change }],
});
const shaped = (shape: number[], dtype: 'fp16' | 'fp32' = 'fp32') => ({
  type: { kind: 'tensor', dtype, shape } as const,
});
const bytes =
  (path: string, change: (view: DataView, bytes: Uint8Array) => void): Defect =>
  (disk) => {
    const copy = disk.get(path)!.slice();
    change(new DataView(copy.buffer), copy);
    disk.set(path, copy);
  };
const manifest =
  (change: (json: Record<string, unknown>) => unknown): Defect =>
  (disk) => {
    const json = JSON.parse(new TextDecoder().decode(disk.get(MANIFEST)!));
    disk.set(MANIFEST, new TextEncoder().encode(JSON.stringify(change(json))));
  };
const isConv = (name: string) => (one: MilOperation) => one.outputs[0].name === name;
const isMatrix = ({ outputs: [{ type }] }: MilOperation) => type.kind === 'tensor' && type.shape.length === 2;

/** What reading and the linter must see without running anything, and a word of what is said. */
const seen: [name: string, defect: Defect, says: RegExp][] = [
  ['a manifest without a root', manifest(({ rootModelIdentifier: _, ...rest }) => rest), /no root model/],
  [
    'a manifest entry without an author',
    manifest((json) => {
      const entries = json.itemInfoEntries as Record<string, Record<string, string>>;
      for (const entry of Object.values(entries)) entry.author = undefined as never;
      return json;
    }),
    /has no author/,
  ],
  [
    'a manifest that leads out of the package',
    (disk) => {
      const text = new TextDecoder().decode(disk.get(MANIFEST)!);
      disk.set(MANIFEST, new TextEncoder().encode(text.replace('com.apple.CoreML/model', '../model')));
    },
    /not below Data/,
  ],
  [
    'weights that the manifest does not list',
    manifest((json) => ({
      ...json,
      itemInfoEntries: Object.fromEntries(
        Object.entries(json.itemInfoEntries as Record<string, { name: string }>).filter(
          ([, { name }]) => name !== 'weights',
        ),
      ),
    })),
    /not in the manifest/,
  ],
  ['a model that is cut off', (disk) => disk.set(MODEL, disk.get(MODEL)!.slice(0, -100)), /bytes|ends within/],
  ['weights that are cut off', (disk) => disk.set(WEIGHTS, disk.get(WEIGHTS)!.slice(0, -8)), /has its bytes at/],
  ['a blob without its mark', bytes(WEIGHTS, (view) => view.setUint32(64, 1, true)), /has no description/],
  ['another version of the weights', bytes(WEIGHTS, (view) => view.setUint32(4, 1, true)), /version 1/],
  ['no blobs, says the header', bytes(WEIGHTS, (view) => view.setUint32(0, 0, true)), /says 0 blobs/],
  ['a blob of another type', bytes(WEIGHTS, (view) => view.setUint32(68, 1, true)), /holds fp16, needed fp32/],
  ['a blob that is too short', bytes(WEIGHTS, (view) => view.setBigUint64(72, 8n, true)), /has 8 bytes/],
  ['a blob whose bytes lie askew', bytes(WEIGHTS, (view) => view.setBigUint64(80, 132n, true)), /no multiple of 64/],
  ['not a number among the weights', bytes(WEIGHTS, (view) => view.setFloat32(128, Number.NaN, true)), /holds NaN/],
  [
    'offsets that point at the bytes',
    main(({ operations }) => ({
      operations: operations.map((one) => {
        const { val } = one.attributes;
        if (!val || !('blob' in val)) return one;
        const moved = { ...val, blob: { ...val.blob, offset: val.blob.offset + 64 } };
        return { ...one, attributes: { ...one.attributes, val: moved } };
      }),
    })),
    /no description/,
  ],
  ['an illegal name', operation('clip', (one) => output(one, { name: 'the clip' })), /no identifier/],
  ['an empty name', operation('clip', (one) => output(one, { name: '' })), /no identifier/],
  [
    'a word of the language as name',
    operation('clip', (one) => output(one, { name: 'tensor' })),
    /word of the language/,
  ],
  [
    'one value twice',
    main(({ operations }) => ({ operations: [...operations, operations.find(({ type }) => type === 'clip')!] })),
    /is there twice/,
  ],
  ['an operation without a name', operation('clip', () => ({ attributes: {} })), /has no name/],
  ['an operation that nobody knows', operation('conv', () => ({ type: 'convolution' })), /no operation that is known/],
  ['no weight', without('conv', 'weight'), /weight is not written/],
  ['no strides', without('conv', 'strides'), /strides is not written/],
  ['no pad_type', without('conv', 'pad_type'), /pad_type is not written/],
  ['no alpha', without('clip', 'alpha'), /alpha is not written/],
  ['a parameter too many', parameter('clip', 'gamma', scalar('fp32', 1)), /has no parameter gamma/],
  ['a stride of zero', parameter('conv', 'strides', ints(0, 1)), /below 1/],
  ['pads of one axis', parameter('conv', 'pad', ints(1, 1)), /pad has 2 numbers/],
  ['two groups too few', parameter('conv', 'groups', scalar('int32', 6), isConv('conv2d_2')), /groups for/],
  ['a stride of text', parameter('conv', 'strides', scalar('string', 'one')), /strides is string/],
  ['half precision in the middle', parameter('clip', 'beta', scalar('fp16', 6)), /mixes/],
  ['values out of order', main(({ operations }) => ({ operations: [...operations].reverse() })), /nothing before it/],
  [
    'a value that nobody computes',
    operation('clip', ({ inputs }) => ({ inputs: { ...inputs, x: [{ name: 'nobody' }] } })),
    /nothing before it computes/,
  ],
  ['an output that nobody computes', main(() => ({ outputs: ['classLabel', 'nobody'] })), /computed by nobody/],
  ['a wrong shape', operation('conv', (one) => output(one, shaped([1, 12, 5, 4]))), /is declared fp32\[1,12,5,4\]/],
  ['a wrong type', operation('conv', (one) => output(one, shaped([1, 12, 4, 4], 'fp16'))), /is declared fp16/],
  ['six axes', operation('clip', (one) => output(one, shaped([1, 1, 1, 12, 4, 4]))), /has 6 axes/],
  ['operations of a newer system', main(() => ({ opset: 'CoreML7' })), /need specification 8/],
  ['operations of no system', main(() => ({ opset: 'CoreML1' })), /not known here/],
  ['an older specification', model(() => ({ specification: 5 })), /need specification 6, not 5/],
  ['a weight of another shape', operation('const', (one) => output(one, shaped([12, 12])), isMatrix), /its value is/],
  [
    'a description of other inputs',
    description(({ inputs: [first] }) => ({ inputs: [{ ...first, name: 'picture' }] })),
    /the inputs picture/,
  ],
  [
    'a description of a larger image',
    description(({ inputs: [first] }) => ({
      inputs: [{ ...first, type: { kind: 'image', width: 16, height: 8, colorSpace: 'RGB' } }],
    })),
    /described as RGB image/,
  ],
  [
    'a description of a gray image',
    description(({ inputs: [first] }) => ({
      inputs: [{ ...first, type: { kind: 'image', width: 8, height: 8, colorSpace: 'gray' } }],
    })),
    /described as gray image/,
  ],
  [
    'a description of other outputs',
    description(({ outputs: [first] }) => ({ outputs: [first] })),
    /the outputs classLabel, the program/,
  ],
  ['no name for the probabilities', description(() => ({ predictedProbabilities: undefined })), /does not say which/],
  ['the class as probabilities', description(() => ({ predictedProbabilities: 'classLabel' })), /no output of prob/],
  [
    'a class too few',
    operation('classify', ({ inputs }) => ({
      inputs: {
        ...inputs,
        classes: [
          {
            value: {
              type: { kind: 'list', element: { kind: 'tensor', dtype: 'string', shape: [] }, length: 3 },
              items: ['a', 'b', 'c'].map((name) => ({
                type: { kind: 'tensor', dtype: 'string', shape: [] } as const,
                data: [name],
              })),
            },
          },
        ],
      },
    })),
    /3 classes for 4/,
  ],
  [
    'probabilities of single precision',
    operation('classify', ({ outputs: [label, probabilities] }) => ({
      outputs: [
        label,
        {
          ...probabilities,
          type: {
            kind: 'dictionary',
            key: { kind: 'tensor', dtype: 'string', shape: [] },
            value: { kind: 'tensor', dtype: 'fp32', shape: [] },
          },
        },
      ],
    })),
    /values of fp32/,
  ],
  [
    'an operation that is not read',
    main(({ operations }) => {
      const at = operations.findIndex(({ type }) => type === 'relu' || type === 'clip');
      const extra = { ...operations[at], outputs: [{ ...operations[at].outputs[0], name: 'unread' }] };
      return { operations: operations.toSpliced(at + 1, 0, extra) };
    }),
    /unread \(clip\) is read by nobody/,
  ],
];

/** What looks right and computes something else. */
const wrong: [name: string, defect: Defect][] = [
  ['pads in the order of ONNX', parameter('conv', 'pad', ints(1, 0, 1, 1))],
  ['pads at the other side', parameter('conv', 'pad', ints(1, 1, 1, 0))],
  ['padding of the kind same_lower', parameter('conv', 'pad_type', scalar('string', 'same_lower'))],
  ['another limit of relu6', parameter('clip', 'beta', scalar('fp32', 1))],
  ['the usual alpha of a hard sigmoid', parameter('sigmoid_hard', 'alpha', scalar('fp32', 0.2))],
  ['padding that does not count', parameter('avg_pool', 'exclude_padding_from_average', scalar('bool', true))],
  ['another axis of the softmax', parameter('softmax', 'axis', scalar('int32', 0))],
  ['a weight that changed its sign', bytes(WEIGHTS, (view) => view.setFloat32(128, -view.getFloat32(128, true), true))],
  [
    'the kernels of two channels exchanged',
    bytes(WEIGHTS, (_, all) => {
      // The kernels lie behind the pixels' scale and shift, which are short.
      const [a, b] = [all.slice(128, 128 + 108), all.slice(128 + 108, 128 + 216)];
      all.set(b, 128);
      all.set(a, 128 + 108);
    }),
  ],
  [
    'the shift of the pixels left out',
    operation('conv', ({ inputs }) => ({ inputs: { ...inputs, x: [{ name: 'image' }] } })),
  ],
  [
    'an activation left out',
    operation('conv', ({ inputs }) => ({ inputs: { ...inputs, x: [{ name: 'conv2d' }] } }), isConv('conv2d_2')),
  ],
];

const problemsOf = async (disk: Disk): Promise<string[]> => {
  try {
    return lintPackage(await readPackage(memoryFiles(disk), 'net.mlpackage'));
  } catch (error) {
    return [(error as Error).message];
  }
};

test('the package is good', async () => {
  expect(await problemsOf(good.disk)).toEqual([]);
  expect(await verifyPackage(engine, good)).toMatchObject({ passed: true });
});

describe('the linter sees', () => {
  test.each(seen)('%s', async (_, defect, says) => {
    const disk = new Map(good.disk);
    defect(disk);
    expect((await problemsOf(disk)).join('\n')).toMatch(says);
  });
});

describe('running it shows', () => {
  test.each(wrong)('%s', async (_, defect) => {
    const disk = new Map(good.disk);
    defect(disk);
    const problems = await problemsOf(disk);
    // Leaving something out also leaves something unread.
    expect(problems.filter((problem) => !/is read by nobody/.test(problem))).toEqual([]);
    const written = await readPackage(memoryFiles(disk), 'net.mlpackage');
    const report = await verifyPackage(engine, { model: good.model, written });
    expect(report.passed).toBe(false);
    expect(report.reason).toMatch(/first value that differs is|only the likeliest/);
  });
});
