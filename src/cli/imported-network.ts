import { modelRegistry } from '../config/build-model.js';
import type { Config } from '../config/keys/index.js';
import { readOnnx, withContents } from '../formats/onnx/file.js';
import { ImportedNetwork } from '../formats/onnx/import/network.js';
import type { OnnxModel } from '../formats/onnx/model.js';
import type { Files } from '../platform/platform.js';
import { ConfigError } from '../utils/errors.js';

/** What `model.classification.name` calls a network that comes out of a file. */
const NAME = 'onnx';
const KEY = 'model.classification.onnx.path';

const models = new Map<string, OnnxModel>();

/**
 * Reads the file of a configuration whose network is an ONNX model, so that the network can be built as any other.
 * Throws ConfigError when no file is named, FormatError when it cannot be read.
 */
export async function prepareNetwork(config: Config, files: Files): Promise<void> {
  if (config['model.classification.name'] !== NAME) return;
  const path = config[KEY];
  if (path === null) throw new ConfigError(`${KEY} is not set`, 'name the ONNX file whose network it is');
  models.set(path, withContents(await readOnnx(files, path)));
  if (modelRegistry.find(NAME)) return;
  modelRegistry.register(NAME, (built) => {
    const model = models.get(built[KEY] ?? '');
    if (!model) throw new ConfigError(`${KEY}: ${built[KEY]} was not read`, 'name the network in the recipe');
    return new ImportedNetwork(model, { n_classes: built['model.classification.n_classes'] });
  });
}
