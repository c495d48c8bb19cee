import { hostPlatform } from 'cvnets';
import { type TrainOptions, train } from './train.js';

/** The page sends options; the worker answers with lines, steps and, at the end, all losses. */
addEventListener('message', async ({ data }: MessageEvent<TrainOptions>) => {
  const assets = new URL('./', location.href);
  try {
    const losses = await train(
      hostPlatform(assets),
      data,
      (line) => postMessage({ line }),
      (step) => postMessage({ step }),
    );
    postMessage({ losses });
  } catch (error) {
    postMessage({ line: error instanceof Error ? error.message : String(error), failed: true });
  }
});
