import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWasmDevice } from '../../src/devices/wasm/device.js';
import { efficientnet } from '../../src/models/classification/efficientnet.js';
import { mobilenetv1 } from '../../src/models/classification/mobilenetv1.js';
import { mobilenetv2 } from '../../src/models/classification/mobilenetv2.js';
import { mobilenetv3 } from '../../src/models/classification/mobilenetv3.js';
import { mobilevit } from '../../src/models/classification/mobilevit.js';
import { mobilevitV2 } from '../../src/models/classification/mobilevit-v2.js';
import { resnet } from '../../src/models/classification/resnet.js';
import { nodePlatform } from '../../src/platform/node.js';
import { Engine } from '../../src/scheduler/engine.js';
import { goldenModel, runGolden, traceFeatures } from '../support/golden.js';

/** Computed in float64 from CVNets' own source; mean and standard deviation of the logits and of each stage. */
const golden = {
  mobilenetv1: {
    model: () => mobilenetv1(),
    logits: [-45.35808, -13.65928, 21.38023, -29.84723, -21.0426],
    mean: -1.140706,
    std: 18.33991,
    top: [543, 52.87272],
    stages: [
      [0.61192, 0.975539],
      [4.47173, 6.28867],
      [10.4857, 17.0548],
      [18.017, 27.57],
      [10.8816, 16.1366],
    ],
  },
  mobilenetv2: {
    model: () => mobilenetv2({ activation: 'relu6' }),
    logits: [-0.1601509, 0.009353349, 0.0143102, 0.06609699, 0.09508211],
    mean: -0.004431209,
    std: 0.08535703,
    top: [17, 0.2715858],
    stages: [
      [-0.114976, 0.290217],
      [-0.103274, 0.58424],
      [-0.0114412, 0.597735],
      [-0.100815, 0.430139],
      [-0.00651509, 0.115256],
    ],
  },
  'mobilenetv3 large': {
    model: () => mobilenetv3(),
    logits: [-0.002381052, 0.0009143931, 0.002127271, 0.00279845, 7.343041e-5],
    mean: -3.066056e-6,
    std: 0.001410905,
    top: [844, 0.004350165],
    stages: [
      [-0.458775, 1.07358],
      [0.238565, 3.69891],
      [-0.14012, 1.38684],
      [-0.00140876, 0.0555826],
      [0.000486262, 0.00649754],
    ],
  },
  'efficientnet b0': {
    model: () => efficientnet({ activation: 'swish' }),
    logits: [6.197363e-7, -3.405003e-7, -5.273999e-7, -2.581597e-6, -5.196012e-7],
    mean: -1.87652e-8,
    std: 1.518754e-6,
    top: [604, 4.58714e-6],
    stages: [
      [-0.00753753, 0.262825],
      [-0.00969579, 0.066408],
      [7.80951e-5, 0.0116731],
      [3.44856e-5, 2.27041e-4],
      [-2.00095e-7, 3.82739e-6],
    ],
  },
  'mobilevit small': {
    model: () => mobilevit({ activation: 'swish' }),
    size: 256,
    logits: [-0.1513776, 0.04497132, -0.03990617, 0.1700184, -0.09517475],
    mean: -0.00219944,
    std: 0.08835631,
    top: [733, 0.274369],
    stages: [
      [-0.115812, 0.444622],
      [-0.0126193, 0.291793],
      [0.0441873, 0.229685],
      [0.0483149, 0.269646],
      [0.0141059, 0.195675],
    ],
  },
  'mobilevit_v2 1.0': {
    model: () => mobilevitV2({ activation: 'swish' }),
    size: 256,
    logits: [-3.867111, -1.758673, -1.509786, -1.636462, -1.788422],
    mean: -0.027549,
    std: 1.009636,
    top: [127, 4.702777],
    stages: [
      [-0.00403596, 0.185024],
      [0.00105174, 0.0969401],
      [0.0592622, 1.03157],
      [-0.125963, 1.08155],
      [-0.0737008, 1.03664],
    ],
  },
  'resnet-18': {
    model: () => resnet({ depth: 18 }),
    logits: [-1.749102, 0.3766149, -0.3607099, 0.2132693, -0.2151569],
    mean: -0.01029168,
    std: 0.5484784,
    top: [917, 1.923804],
    stages: [
      [0.0789224, 0.181933],
      [0.223206, 0.321809],
      [0.294851, 0.432326],
      [0.327871, 0.452322],
      [0.30182, 0.417634],
    ],
  },
} as const;

function statistics(values: ArrayLike<number>): { mean: number; std: number } {
  const list = Array.from(values);
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
  const squares = list.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / list.length) };
}

describe('networks at full size on the wasm device', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = new Engine(await createWasmDevice(nodePlatform, { threads: 0 }));
  });
  afterAll(() => engine.close());

  test.each(Object.entries(golden))(
    '%s',
    { timeout: 120_000 },
    async (_, { model, logits, mean, std, top, stages, ...rest }) => {
      const size = 'size' in rest ? rest.size : 224;
      const shape = [1, 3, size, size];
      const built = goldenModel(model());
      const [results] = await runGolden(engine, built, traceFeatures(built, shape), shape, 1);
      stages.forEach(([stageMean, stageStd], i) => {
        const got = statistics(results[`out_l${i + 1}`]);
        expect(Math.abs(got.mean - stageMean), `mean of out_l${i + 1}`).toBeLessThan(1e-4 * stageStd);
        expect(Math.abs(got.std - stageStd), `std of out_l${i + 1}`).toBeLessThan(1e-4 * stageStd);
      });
      const got = Array.from(results.logits);
      logits.forEach((value, i) => {
        expect(Math.abs(got[i] - value), `logit ${i}`).toBeLessThan(1e-4 * std);
      });
      expect(got.indexOf(Math.max(...got))).toBe(top[0]);
      expect(Math.abs(Math.max(...got) - top[1])).toBeLessThan(1e-4 * std);
      expect(Math.abs(statistics(got).mean - mean)).toBeLessThan(1e-4 * std);
      expect(Math.abs(statistics(got).std - std)).toBeLessThan(1e-4 * std);
    },
  );
});
