/** What went wrong and what to do about it. */
export type Explanation = readonly [message: string, hint: string];

const hex = (value: number, digits = 2) => `0x${value.toString(16).padStart(digits, '0')}`;
const sampling = (packed: number) => `${packed >> 4}x${packed & 15}`;
const damaged = 'the file is damaged: get it again, or leave it out';
const convert = 'save it again as a baseline JPEG, for example with `djpeg FILE | cjpeg -quality 95`';

const signatures: Readonly<Record<number, string>> = {
  35152: 'a PNG picture',
  18249: 'a GIF picture',
  21065: 'a WebP picture (RIFF)',
  16973: 'a BMP picture',
  18761: 'a TIFF picture',
  19789: 'a TIFF picture',
};

const frames: Readonly<Record<number, string>> = {
  194: 'progressive',
  195: 'lossless',
  197: 'differential sequential',
  198: 'differential progressive',
  199: 'differential lossless',
  201: 'sequential with arithmetic coding',
  202: 'progressive with arithmetic coding',
  203: 'lossless with arithmetic coding',
  205: 'differential sequential with arithmetic coding',
  206: 'differential progressive with arithmetic coding',
  207: 'differential lossless with arithmetic coding',
};

/** The problems that the decoder reports, in the order of `Problem` in `assembly/imaging/jpeg/problem.ts`. */
export const jpegProblems = {
  None: () => ['no problem', ''],
  NotJpeg: (got) =>
    got < 0
      ? ['it is shorter than two bytes', damaged]
      : [
          `it begins with ${hex(got, 4)}${signatures[got] ? `, ${signatures[got]}` : ''}: a JPEG begins with 0xffd8`,
          'a wrong ending? Only JPEG is decoded here',
        ],
  Truncated: (got, needed) => [
    `it ends too early, after ${got} of ${needed} bytes, units or restart intervals`,
    damaged,
  ],
  UnknownMarker: (got) => [`marker ${hex(got)} is not part of a picture`, damaged],
  BadSegment: (marker, got) => [`the segment of marker ${hex(marker)} has a length or content of ${got}`, damaged],
  UnsupportedFrame: (marker) => [
    `it is ${frames[marker] ?? `of the unknown kind ${hex(marker)}`}; baseline and extended sequential are decoded`,
    convert,
  ],
  UnsupportedPrecision: (got) => [`its samples have ${got} bits; 8 are decoded`, convert],
  UnknownHeight: () => ['its height is given after the picture only (DNL), which is not decoded', convert],
  EmptyImage: () => ['it is 0 pixels wide', damaged],
  UnsupportedComponents: (got) => [
    `it has ${got} components${got === 4 ? ' (CMYK or YCCK)' : ''}; 1 (gray) and 3 (colour) are decoded`,
    'convert it to RGB first',
  ],
  BadSampling: (got) => [`a component's sampling factors are ${sampling(got)}: 1 to 4 are possible`, damaged],
  UnsupportedSampling: (got, needed) => [
    `a component is sampled ${sampling(got)} in a frame of ${sampling(needed)}: only whole ratios are decoded`,
    convert,
  ],
  SecondFrame: (marker) => [`a second frame (marker ${hex(marker)}) follows the first`, damaged],
  NoFrame: () => ['it has no frame header before its data', damaged],
  NoScan: () => ['it has headers but no picture', damaged],
  BadScan: (components, got) => [
    `the header of a scan of ${components} components holds the impossible ${got}`,
    damaged,
  ],
  ComponentTwice: (id) => [`component ${id} is coded twice in a sequential picture`, damaged],
  MissingComponent: (got, needed) => [`it has data for ${got} of its ${needed} components`, damaged],
  BadHuffmanTable: (got) => [`its ${got >> 4 ? 'AC' : 'DC'} Huffman table ${got & 15} has impossible codes`, damaged],
  MissingHuffmanTable: (ac, id) => [`its ${ac ? 'AC' : 'DC'} Huffman table ${id} is not defined`, damaged],
  MissingQuantTable: (got) => [`its quantisation table ${got} is not defined`, damaged],
  BadCode: (got, needed) => [`its data is damaged in unit ${got} of ${needed}`, damaged],
  BadRestart: (got, needed) => [`restart marker ${hex(got)} stands in place of ${needed}`, damaged],
  TooFewBytes: (got, needed) => [`${got} bytes of data are too few for its size, which takes ${needed}`, damaged],
  OutOfMemory: (width, height) => [
    `decoding ${width}x${height} pixels takes more memory than there is`,
    'lower maxPixels, or scale the picture down first',
  ],
} as const satisfies Record<string, (got: number, needed: number) => Explanation>;

const inOrder: readonly ((got: number, needed: number) => Explanation)[] = Object.values(jpegProblems);

/** @param code index into the list above. */
export function explainJpegProblem(code: number, got: number, needed: number): Explanation {
  return inOrder[code](got, needed);
}
