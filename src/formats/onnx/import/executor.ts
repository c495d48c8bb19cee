import type { Engine } from '../../../scheduler/engine.js';
import { evaluate } from '../../../scheduler/evaluate.js';
import { dtypeOf, type TypedArray } from '../../../tensor/dtype.js';
import { traceStates } from '../../../tensor/state.js';
import { input, type Tensor } from '../../../tensor/tensor.js';
import type { Executor } from '../../inference/verify.js';
import type { OnnxFile } from '../executor.js';
import { withContents } from '../file.js';
import { importGraph } from './importer.js';

/**
 * Runs a file by our own import, on the engine that it was exported from: finds what the writer did wrong, but not what
 * reader and writer misunderstand alike. For where there is no onnxruntime.
 */
export function importExecutor(engine: Engine, file: OnnxFile): Executor {
  const { graph, opsets } = withContents(file);
  return {
    name: 'self',
    async run(inputs, values) {
      const feeds = new Map<Tensor, TypedArray>();
      const { result } = traceStates(() => {
        const tensors = [...inputs].map(([name, { shape, data }]) => {
          const tensor = input(name, shape, dtypeOf(data));
          feeds.set(tensor, data);
          return [name, tensor] as const;
        });
        return importGraph(graph, new Map(tensors), { opset: opsets.get('') ?? 1 });
      });
      const found = values.flatMap((name) => {
        const value = result.get(name);
        return value && 'tensor' in value ? [{ name, tensor: value.tensor }] : [];
      });
      const arrays = await evaluate(
        engine,
        found.map(({ tensor }) => tensor),
        feeds,
      );
      return new Map(found.map(({ name }, i) => [name, arrays[i]]));
    },
  };
}
