import { FormatError } from '../../utils/errors.js';
import type { PickleDict, PickleValue } from './pickle.js';
import { TorchTensor } from './torch-globals.js';

/** Where training scripts keep the weights in a checkpoint; the first one that is there is taken. */
const holders = ['state_dict', 'model_state_dict', 'model_state', 'model', 'net', 'weights'];

/** `nn.DataParallel` puts this before every name, `torch.compile` that. */
const wrappers = ['module.', '_orig_mod.'];

/**
 * The tensors of a dict of names, or of the dict inside a checkpoint that holds them.
 * Throws FormatError when there is none.
 */
export function findStateDict(root: PickleValue, path: string): Map<string, TorchTensor> {
  const dict = root instanceof Map ? (holders.map((key) => root.get(key)).find(hasTensors) ?? root) : root;
  if (!hasTensors(dict)) {
    throw new FormatError(
      `${path} holds no state dict`,
      `save one with torch.save(model.state_dict(), file), or a dict that has it as ${holders.slice(0, 3).join(', ')}`,
    );
  }
  const tensors = new Map<string, TorchTensor>();
  for (const [key, value] of dict) {
    const tensor = tensorOf(value);
    if (typeof key === 'string' && tensor) tensors.set(key, tensor);
  }
  return unwrap(tensors);
}

function hasTensors(value: PickleValue | undefined): value is PickleDict {
  return value instanceof Map && [...value.values()].some((item) => tensorOf(item) !== undefined);
}

function tensorOf(value: PickleValue): TorchTensor | undefined {
  const object = typeof value === 'object' && value !== null && 'object' in value ? value.object : undefined;
  return object instanceof TorchTensor ? object : undefined;
}

function unwrap(tensors: Map<string, TorchTensor>): Map<string, TorchTensor> {
  const wrapper = wrappers.find((prefix) => [...tensors.keys()].every((name) => name.startsWith(prefix)));
  if (wrapper === undefined) return tensors;
  return unwrap(new Map([...tensors].map(([name, tensor]) => [name.slice(wrapper.length), tensor])));
}
