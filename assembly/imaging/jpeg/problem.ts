/** Why a stream is not decoded. `src/data/images/jpeg-problems.ts` has the sentences, in the same order. */
export enum Problem {
  None,
  NotJpeg,
  Truncated,
  UnknownMarker,
  BadSegment,
  UnsupportedFrame,
  UnsupportedPrecision,
  UnknownHeight,
  EmptyImage,
  UnsupportedComponents,
  BadSampling,
  UnsupportedSampling,
  SecondFrame,
  NoFrame,
  NoScan,
  BadScan,
  ComponentTwice,
  MissingComponent,
  BadHuffmanTable,
  MissingHuffmanTable,
  MissingQuantTable,
  BadCode,
  BadRestart,
  TooFewBytes,
  OutOfMemory,
}

@unmanaged
export class ProblemRecord {
  code: i32;
  /** What was found; its meaning depends on the code. */
  got: i32;
  /** What was needed; its meaning depends on the code. */
  needed: i32;
}

export const problem = changetype<ProblemRecord>(memory.data(12, 16));

/** Notes the first problem and returns false, so that callers can return the call. */
export function fail(code: Problem, got: i32 = 0, needed: i32 = 0): bool {
  if (problem.code == Problem.None) {
    problem.code = code;
    problem.got = got;
    problem.needed = needed;
  }
  return false;
}
