export { allocateInput } from './arena';
export { decodeRegion, frameRecord, problemRecord, readHeader } from './jpeg/index';
export { resize } from './resize';
