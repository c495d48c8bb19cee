// `cvnets/config`: recipes for programs of one's own. The library itself takes objects and knows no keys.
export type { DatasetSource } from '../data/datasets/index.js';
export { type FindPackage, trainLoader, valLoader } from './build-data.js';
export { buildRun, type RunParts } from './build-run.js';
export { buildTask, type ClassificationTask } from './build-task.js';
export type { Config, ConfigKey } from './keys/index.js';
export type { ModelBuilder, Plugin, PluginHost } from './plugins.js';
export { configToYaml, type Resolution, type ResolveOptions, resolve, type Unsupported } from './resolve.js';
export { parseYaml, type Setting } from './yaml.js';
