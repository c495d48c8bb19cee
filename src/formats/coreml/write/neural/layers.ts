/** How a field is written; a record is a message in the message. */
export type FieldType = 'int' | 'ints' | 'float' | 'weights' | Schema;

export interface Schema {
  readonly [field: string]: readonly [number: number, type: FieldType];
}

const window = {
  valid: [50, { paddingAmounts: [1, { borderAmounts: [10, { startEdgeSize: [1, 'int'], endEdgeSize: [2, 'int'] }] }] }],
} as const satisfies Schema;

const reduction = { axes: [1, 'ints'], keepDims: [2, 'int'], reduceAll: [3, 'int'] } as const satisfies Schema;

/** Layers by kind: the number of the field of NeuralNetworkLayer, and those of the parameters. */
export const layerSchemas = {
  convolution: [
    100,
    {
      outputChannels: [1, 'int'],
      kernelChannels: [2, 'int'],
      nGroups: [10, 'int'],
      kernelSize: [20, 'ints'],
      stride: [30, 'ints'],
      dilationFactor: [40, 'ints'],
      ...window,
      hasBias: [70, 'int'],
      weights: [90, 'weights'],
      bias: [91, 'weights'],
    },
  ],
  pooling: [
    120,
    {
      type: [1, 'int'],
      kernelSize: [10, 'ints'],
      stride: [20, 'ints'],
      valid: [30, window.valid[1]],
      avgPoolExcludePadding: [50, 'int'],
    },
  ],
  activation: [
    130,
    {
      ReLU: [10, {}],
      leakyReLU: [15, { alpha: [1, 'float'] }],
      PReLU: [25, { alpha: [1, 'weights'] }],
      tanh: [30, {}],
      sigmoid: [40, {}],
      sigmoidHard: [41, { alpha: [1, 'float'], beta: [2, 'float'] }],
    },
  ],
  innerProduct: [
    140,
    {
      inputChannels: [1, 'int'],
      outputChannels: [2, 'int'],
      hasBias: [10, 'int'],
      weights: [20, 'weights'],
      bias: [21, 'weights'],
    },
  ],
  batchnorm: [
    160,
    {
      channels: [1, 'int'],
      computeMeanVar: [5, 'int'],
      instanceNormalization: [6, 'int'],
      epsilon: [10, 'float'],
      gamma: [15, 'weights'],
      beta: [16, 'weights'],
      mean: [17, 'weights'],
      variance: [18, 'weights'],
    },
  ],
  upsample: [210, { scalingFactor: [1, 'ints'], mode: [5, 'int'] }],
  resizeBilinear: [211, { targetSize: [1, 'ints'], mode: [2, { samplingMethod: [1, 'int'] }] }],
  unary: [
    220,
    { type: [1, 'int'], alpha: [2, 'float'], epsilon: [3, 'float'], shift: [4, 'float'], scale: [5, 'float'] },
  ],
  clip: [660, { minVal: [1, 'float'], maxVal: [2, 'float'] }],
  sign: [680, {}],
  gelu: [795, { mode: [1, 'int'] }],
  minBroadcastable: [870, {}],
  maxBroadcastable: [875, {}],
  addBroadcastable: [880, {}],
  divideBroadcastable: [890, {}],
  multiplyBroadcastable: [900, {}],
  subtractBroadcastable: [905, {}],
  tile: [920, { reps: [1, 'ints'] }],
  softmaxND: [950, { axis: [1, 'int'] }],
  splitND: [975, { axis: [1, 'int'], numSplits: [2, 'int'], splitSizes: [3, 'ints'] }],
  concatND: [980, { axis: [1, 'int'] }],
  transpose: [985, { axes: [1, 'ints'] }],
  sliceStatic: [
    995,
    {
      beginIds: [1, 'ints'],
      beginMasks: [2, 'ints'],
      endIds: [3, 'ints'],
      endMasks: [4, 'ints'],
      strides: [5, 'ints'],
      squeezeMasks: [6, 'ints'],
    },
  ],
  batchedMatmul: [1045, { transposeA: [1, 'int'], transposeB: [2, 'int'] }],
  loadConstantND: [1070, { shape: [1, 'ints'], data: [2, 'weights'] }],
  reshapeStatic: [1140, { targetShape: [1, 'ints'] }],
  constantPad: [1155, { value: [1, 'float'], padAmounts: [2, 'ints'] }],
  reduceSum: [1270, reduction],
  reduceMean: [1280, reduction],
  reduceLogSumExp: [1295, reduction],
  layerNormalization: [
    1350,
    { normalizedShape: [1, 'ints'], eps: [2, 'float'], gamma: [3, 'weights'], beta: [4, 'weights'] },
  ],
} as const satisfies Record<string, readonly [number, Schema]>;

export type LayerKind = keyof typeof layerSchemas;
