// ONNX Runtime on the CPU as a side of `cvnets bench`: the networks that cvnets exports, forward only.
import * as ort from 'onnxruntime-node';
import { fixedValues, unsupported } from './graph.mjs';

export async function open({ threads, versions, fillWith, fingerprint, onnxModel }) {
  return {
    name: `onnxruntime ${versions['onnxruntime-node']}, ${threads} thread${threads === 1 ? '' : 's'}`,
    adapter: 'CPU',
    software: false,
    async build(task) {
      const { graph, suite } = task;
      if (graph.training) unsupported('training');
      if (suite !== 'models') unsupported('kernels by themselves: it runs networks');
      const session = await ort.InferenceSession.create(await onnxModel(task), {
        executionProviders: ['cpu'],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        logSeverityLevel: 3,
      });
      const [image] = session.inputNames;
      const [logits] = session.outputNames;
      const feeds = { [image]: pixels(graph, fillWith) };
      const run = () => session.run(feeds);
      return {
        run,
        finish: async () => {},
        check: async () => fingerprint((await run())[logits].data),
        close: () => session.release(),
      };
    },
  };
}

/** The images as the network's first layer sees them. */
function pixels(graph, fillWith) {
  const { fixed } = fixedValues(graph, fillWith);
  const scaled = graph.nodes.find(({ op }) => op === 'toFloat').outputs[0];
  return new ort.Tensor('float32', fixed.get(scaled), graph.values[scaled].shape);
}
