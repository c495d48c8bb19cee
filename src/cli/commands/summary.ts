import { buildModel, type ImageShape } from '../../config/build-model.js';
import { resolveConfig } from '../../config/resolve.js';
import type { Setting } from '../../config/yaml.js';
import { initialize } from '../../nn/initialize.js';
import { summarize } from '../../nn/summary.js';
import { ConfigError } from '../../utils/errors.js';
import type { CommandContext } from '../context.js';
import { formatCount, formatLarge } from '../format.js';
import { makeTable } from '../table.js';

export interface SummaryFlags {
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
export async function summary(context: CommandContext, name: string, flags: SummaryFlags): Promise<void> {
  const { output, overrides } = context;
  const model: Setting = { key: 'model.classification.name', value: name, where: 'command line' };
  const config = resolveConfig([...defaultActivation(name), model, ...overrides]);
  const image = defaultImage(name, flags.size);
  const network = buildModel(config, image);
  initialize(network);
  const { layers, parameters, macs } = summarize(network, [1, image.channels, image.height, image.width]);

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

/** What networks are meant with, as in their recipes. */
const activations: Readonly<Record<string, string>> = { mobilenetv2: 'relu6', efficientnet: 'swish' };

function defaultActivation(name: string): Setting[] {
  if (!Object.hasOwn(activations, name)) return [];
  return [{ key: 'model.classification.activation.name', value: activations[name], where: 'default' }];
}
