#!/usr/bin/env node
import { Command, Option } from 'commander';
import pc from 'picocolors';
import { variantNames } from '../models/classification/variants/index.js';
import { nodePlatform } from '../platform/node.js';
import { CvnetsError } from '../utils/errors.js';
import { splitArguments } from './arguments.js';
import { allPeers } from './bench/peers.js';
import { type BenchFlags, bench } from './commands/bench.js';
import { benchSide } from './commands/bench-side.js';
import { type DataCheckFlags, dataCheck } from './commands/data-check.js';
import { type EvaluateFlags, evaluate } from './commands/evaluate.js';
import { type ExportFlags, exportModel, targetNames } from './commands/export.js';
import { type ImportFlags, importModel } from './commands/import.js';
import { type OptionsFlags, options } from './commands/options.js';
import { type PlanFlags, plan } from './commands/plan.js';
import { type PredictFlags, predict } from './commands/predict.js';
import { report } from './commands/report.js';
import { type SummaryFlags, summary } from './commands/summary.js';
import { type TrainFlags, train } from './commands/train.js';
import type { CommandContext } from './context.js';
import { loadPlugins } from './plugins.js';
import type { Output } from './report.js';
import { packageVersion } from './version.js';

/** Exit codes of a run that a signal ended, as shells have them: 128 and the signal's number. */
const stopSignals = { SIGINT: 130, SIGTERM: 143 } as const;
const MEMORY_BUDGET = 'most bytes a step may need, such as 512MB: computes activations twice where it takes that';
const KEYS_ARE_OPTIONS =
  '\nEvery key of a recipe can be set here too: --optim.sgd.momentum 0.95. `cvnets options` lists them.';
const WEIGHTS = 'weights: .safetensors, .pt, .pth, .npz, model.json, .onnx';
const FROM = `whose network it is: ${variantNames.join(', ')}`;
const KEYS_IN_FULL =
  '  hint: recipe keys are written in full, such as --scheduler.max_epochs 1; see `cvnets options`\n';
let stopCode: number = stopSignals.SIGINT;
/** A reader such as `head` may close the pipe early; what is written from then on is dropped. */
let readerGone = false;

const output: Output = {
  isTerminal: process.stdout.isTTY === true,
  get columns() {
    return process.stdout.columns;
  },
  write: (text) => {
    if (!readerGone) process.stdout.write(text);
  },
  writeError: (text) => process.stderr.write(text),
};

/** The first Ctrl-C, or SIGTERM, asks the run to finish its step and save; the second one ends it where it is. */
function interruptible(): AbortSignal {
  const control = new AbortController();
  for (const [signal, code] of Object.entries(stopSignals)) {
    process.on(signal, () => {
      if (control.signal.aborted) process.exit(code);
      stopCode = code;
      control.abort();
      const again = signal === 'SIGINT' ? 'press Ctrl-C again' : `send ${signal} again`;
      output.writeError(`\nfinishing this step, then saving; ${again} to stop at once\n`);
    });
  }
  return control.signal;
}

/** For commands that take recipe keys, too. */
function explainKeys(command: Command): void {
  command.addHelpText('after', KEYS_ARE_OPTIONS).configureOutput({
    outputError: (text, write) => write(text.includes('unknown option') ? `${text}${KEYS_IN_FULL}` : text),
  });
}

function program(context: CommandContext): Command {
  const cli = new Command('cvnets')
    .description('Trains computer-vision networks on WebGPU and SIMD WebAssembly.')
    .version(packageVersion())
    .addHelpText('after', KEYS_ARE_OPTIONS);
  const computing = (name: string, description: string) =>
    cli
      .command(name)
      .description(description)
      .option('--device <name>', 'auto, webgpu or wasm')
      .option('--threads <number>', 'threads of the wasm device')
      .option('--json', 'print one JSON object a line');
  const plugin = () =>
    new Option('--plugin <file>', 'JavaScript module that adds datasets or networks; may be repeated').argParser(
      (file: string, files: string[] = []) => [...files, file],
    );
  cli.hook('preAction', async (_, command) => {
    const files: string[] | undefined = command.getOptionValue('plugin');
    if (files) command.setOptionValue('plugin', await loadPlugins(files));
  });

  computing('train', 'train what a recipe describes')
    .argument('[recipe]', 'YAML file, such as recipes/mnist.yaml')
    .option('--resume <run>', 'go on with the run in this folder, bit for bit')
    .option('--weights <file>', `fine-tune: start from ${WEIGHTS}`)
    .option('--from <variant>', FROM)
    .option('--memory-budget <bytes>', MEMORY_BUDGET)
    .option('--dry-run', 'check the recipe, the images and the memory, print the plan, train nothing')
    .option('--allow-unsupported', 'leave out what the recipe asks for and cvnets does not have yet')
    .action(async (recipe: string | undefined, flags: TrainFlags) => {
      if (!(await train(context, recipe, flags))) process.exitCode = stopCode;
    });
  computing('eval', 'measure a checkpoint of a run on its validation images')
    .argument('<run>', 'run folder; with --weights: the recipe whose validation images are used')
    .option('--checkpoint <which>', 'best, ema or last', 'best')
    .option('--weights <file>', WEIGHTS)
    .option('--from <variant>', FROM)
    .action((run: string, flags: EvaluateFlags) => evaluate(context, run, flags));
  computing('predict', 'name what is in pictures, with a checkpoint of a run')
    .argument('<run and pictures...>', 'run folder, then JPEG or PNG files; with --weights: files alone')
    .option('--checkpoint <which>', 'best, ema or last', 'best')
    .option('--weights <file>', WEIGHTS)
    .option('--from <variant>', FROM)
    .option('--labels <file>', 'names of the classes, one a line')
    .option('--top <number>', 'how many classes', '5')
    .action(async (args: string[], flags: PredictFlags) => {
      const [target, ...pictures] = flags.weights === undefined ? args : [flags.weights, ...args];
      if (!(await predict(context, target, pictures, flags))) process.exitCode = 1;
    });
  computing('export', 'write a network in another format, and verify what was written')
    .argument('<run or weights>', 'run folder, or weights whose network recipe keys name; with --check: a file')
    .option('--to <format>', targetNames.join(', '))
    .option('--from <variant>', FROM)
    .option('--out <file>', 'where it goes [the name of the network]')
    .option('--checkpoint <which>', 'best, ema or last', 'best')
    .option('--opset <number>', 'version of the ONNX operators, 17 to 21 [18]')
    .option('--fp16', 'weights and arithmetic in half precision')
    .option('--batch <images>', 'dynamic, or a fixed number [ONNX: dynamic, CoreML: 1]')
    .option('--size <height,width>', 'size of the images [that of validation]')
    .option('--embed-preprocessing', 'the file takes bytes, or a photo, and scales them itself [CoreML]')
    .option('--no-embed-preprocessing', 'it takes scaled pixels [ONNX]')
    .option('--external-above <bytes>', 'larger ONNX weights go to a file beside the model [1.9 GB]')
    .option('--allow-self', 'exit with 0 when only cvnets itself could run the file')
    .option('--python <file>', 'the Python that has coremltools; CVNETS_PYTHON and python3 otherwise')
    .option('--check', 'look at a file that is there already')
    .action(async (target: string, flags: ExportFlags) => {
      process.exitCode = await exportModel(context, target, flags);
    });
  cli
    .command('import')
    .description('read a network out of an ONNX file, show it, and compare it with onnxruntime')
    .argument('<file>', '.onnx')
    .option('--out <file>', 'export it again')
    .option('--size <height,width>', 'size of the images, where the file leaves it open')
    .option('--json', 'print one JSON object')
    .action(async (file: string, flags: ImportFlags) => {
      if (!(await importModel(context, file, flags))) process.exitCode = 1;
    });
  cli
    .command('data')
    .description('look at data before training on it')
    .command('check')
    .description('read every photo of a folder: counts, sizes, damaged and odd files, balance of the classes')
    .argument('<folder>', 'CLASS/photo.jpg, in the folder itself or in train and val')
    .option('--dataset <name>', 'the folder, or file, is that of another dataset, such as image_list')
    .addOption(plugin())
    .option('--headers-only', 'look at headers only: faster, but damaged pixels are not found')
    .option('--sheet <file>', 'PNG with some photos of each class', 'contact_sheet.png')
    .option('--no-sheet', 'write no contact sheet')
    .option('--json', 'print one JSON object')
    .action(async (folder: string, flags: DataCheckFlags) => {
      if (!(await dataCheck(context, folder, flags))) process.exitCode = 1;
    });
  cli
    .command('report')
    .description("write a run's report.html again, from what its folder holds")
    .argument('<run>', 'run folder')
    .option('--json', 'print one JSON object')
    .action((run: string, flags: { json?: boolean }) => report(context, run, flags));
  computing('plan', 'show kernels, operations, bytes and peak memory of a training step')
    .argument('<recipe or network>', 'YAML file or a name such as mobilenetv2')
    .option('--batch <images>', 'batch size')
    .option('--memory-budget <bytes>', MEMORY_BUDGET)
    .option('--size <pixels>', 'height and width of the images')
    .option('--profile', 'run it and show the time of every kernel beside the limit of the machine')
    .option('--allow-unsupported', 'leave out what the recipe asks for and cvnets does not have yet')
    .action((target: string, flags: PlanFlags) => plan(context, target, flags));
  cli
    .command('summary')
    .description('show the layers of a network with shapes, parameters and multiply-adds')
    .argument('[network]', 'a name such as mobilenetv2; with --weights: the one that fits them')
    .option('--size <pixels>', 'height and width of the image')
    .option('--weights <file>', WEIGHTS)
    .option('--from <variant>', FROM)
    .option('--json', 'print one JSON object')
    .action((name: string | undefined, flags: SummaryFlags) => summary(context, name, flags));
  cli
    .command('bench')
    .description('time kernels, networks, memory, data and start, beside the limits of the machine and other engines')
    .argument('[suite]', 'kernels, models, memory, data or startup; all of them when left out')
    .option('--device <names>', 'wasm, webgpu, or null for the cost of dispatches alone; several with commas', 'wasm')
    .option('--threads <number>', 'threads of the wasm device and of peers; kernels: 0, the calling thread')
    .option('--rounds <number>', 'times that every case is measured', '5')
    .option('--filter <text>', 'only cases whose name has this word, or one that starts so')
    .option('--scaling', 'models: step time against batch, resolution and width instead')
    .option('--peers <names>', `run these beside us, with commas: ${allPeers.join(', ')}`)
    .option('--python <path>', 'the Python that has torch; CVNETS_PYTHON and python3 otherwise')
    .option('--data <folder>', 'for data: photos, one folder a class; made ones when left out')
    .option('--json <file>', 'write the rows to this file')
    .option('--html <file>', 'write a page with tables, roofline and scaling charts')
    .option('--baseline <file>', 'compare with the rows of an older --json')
    .action((suite: string | undefined, flags: BenchFlags) => bench(context, suite, flags));
  cli
    .command('bench-side', { hidden: true })
    .argument('<library>')
    .requiredOption('--device <name>')
    .requiredOption('--threads <number>')
    .action(benchSide);
  cli
    .command('options')
    .description('list the keys of recipes')
    .argument('[prefix]', 'only keys that start so')
    .option('--all', 'also those of CVNets that have no effect here, or not yet')
    .option('--json', 'print one JSON object a line')
    .action((prefix: string | undefined, flags: OptionsFlags) => options(context, prefix, flags));
  const withKeys = ['train', 'eval', 'plan', 'summary', 'export'];
  cli.commands.filter((command) => withKeys.includes(command.name())).forEach(explainKeys);
  for (const command of cli.commands) {
    if ([...withKeys, 'predict'].includes(command.name())) command.addOption(plugin());
  }
  return cli;
}

/** Message and hint for people, an object for programs; a stack only for what is no error of ours. */
function reportError(error: unknown, json: boolean): void {
  const known = error instanceof CvnetsError;
  const message = error instanceof Error ? error.message : String(error);
  if (json) output.write(`${JSON.stringify({ event: 'error', message })}\n`);
  else output.writeError(`${pc.red('error')}: ${message}\n`);
  if (!known && error instanceof Error) output.writeError(`${error.stack}\n`);
}

const { rest, overrides } = splitArguments(process.argv.slice(2));
// Training goes on without a reader; every other command has nothing left to do.
process.stdout.on('error', () => {
  readerGone = true;
  if (rest[0] !== 'train') process.exit();
});
process.stderr.on('error', () => {});

try {
  await program({ platform: nodePlatform, output, overrides, interruptible }).parseAsync(rest, {
    from: 'user',
  });
} catch (error) {
  reportError(error, rest.includes('--json'));
  process.exitCode = 1;
} finally {
  nodePlatform.close();
}
// A device may still hold threads; everything is written once this callback runs.
process.stdout.write('', () => process.exit());
