import { buildModel, type ImageShape } from '../../config/build-model.js';
import type { Config } from '../../config/keys/index.js';
import { resolveConfig } from '../../config/resolve.js';
import type { Setting } from '../../config/yaml.js';
import { initialize } from '../../nn/initialize.js';
import { summarize } from '../../nn/summary.js';
import { ConfigError } from '../../utils/errors.js';
import type { CommandContext } from '../context.js';
import { formatCount, formatLarge } from '../format.js';
import { openWeights } from '../pretrained.js';
import { makeTable } from '../table.js';
import { type WeightsFlags, weightsSettings } from '../weights-flags.js';

export interface SummaryFlags extends WeightsFlags {
  readonly size?: string;
  readonly json?: boolean;
}

/** Images that a network is usually made for. */
export function defaultImage(model: string, size: string | undefined): ImageShape {
  const gray = model === 'lenet';
  const side = size === undefined ? (gray ? 28 : 224) : Number(size);
  if (!Number.isInteger(side) || side < 1) throw new ConfigError(`--size is ${size}`, 'use a whole number of pixels');
  return { channels: gray ? 1 : 3, height: side, width: side };
}

/** Layer table of a network: shapes, parameters, multiply-adds of one image. */
export async function summary(
  context: CommandContext,
  network: string | undefined,
  flags: SummaryFlags,
): Promise<void> {
  const { output } = context;
  const config = await configOf(context, network, flags);
  const name = config['model.classification.name']!;
  const image = defaultImage(name, flags.size);
  const model = buildModel(config, image);
  initialize(model);
  const { layers, parameters, macs } = summarize(model, [1, image.channels, image.height, image.width]);

  if (flags.json) {
    const rows = layers.map(({ name, ops, output, parameters, macs }) => ({ name, ops, output, parameters, macs }));
    output.write(`${JSON.stringify({ parameters, macs, layers: rows })}\n`);
    return;
  }
  const table = makeTable(
    ['layer', 'operators', 'output', 'parameters', 'MACs'],
    ['left', 'left', 'left', 'right', 'right'],
  );
  for (const layer of layers) {
    table.push([
      layer.name || '(network)',
      layer.ops.join(', '),
      layer.output.join(' x '),
      layer.parameters ? formatCount(layer.parameters) : '',
      layer.macs ? formatLarge(layer.macs) : '',
    ]);
  }
  output.write(`${table.toString()}\n`);
  output.write(`${name}: ${formatCount(parameters)} parameters, ${formatLarge(macs)} MACs `);
  output.write(`for one ${image.channels}x${image.height}x${image.width} image\n`);
}

/** That of a network by name, or of the one that weights are for, which the first line tells. */
async function configOf(context: CommandContext, name: string | undefined, flags: SummaryFlags): Promise<Config> {
  const named = (value: string): Setting => ({ key: 'model.classification.name', value, where: 'command line' });
  if (flags.weights !== undefined) {
    const notice = (message: string) => (flags.json ? undefined : context.output.write(`${message}\n`));
    const overrides = name === undefined ? context.overrides : [named(name), ...context.overrides];
    return (await openWeights({ ...context, overrides }, flags.weights, flags, notice)).config;
  }
  if (name === undefined) {
    throw new ConfigError('summary needs a network', 'cvnets summary mobilenetv2, or cvnets summary --weights FILE');
  }
  const variant: Setting[] = weightsSettings(flags);
  return resolveConfig([...defaultActivation(name), named(name), ...variant, ...context.overrides]);
}

/** What networks are meant with, as in their recipes. */
const activations: Readonly<Record<string, string>> = {
  mobilenetv2: 'relu6',
  efficientnet: 'swish',
  mobilevit: 'swish',
  mobilevit_v2: 'swish',
  vit: 'gelu',
};

function defaultActivation(name: string): Setting[] {
  if (!Object.hasOwn(activations, name)) return [];
  return [{ key: 'model.classification.activation.name', value: activations[name], where: 'default' }];
}
