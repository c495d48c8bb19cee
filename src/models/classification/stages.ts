/** What the blocks of one stage use: the first block may stride, and keeps the dilation of the stage before. */
export interface StageStrides {
  readonly stride: number;
  readonly firstDilation: number;
  readonly dilation: number;
}

/**
 * Hands out strides stage by stage. Once the feature map has reached `outputStride`, stages dilate instead of
 * striding, so that each filter sees as much of the image as before (arXiv:1706.05587, section 3.1).
 */
export function stageStrides(outputStride = 32): (stage: number, stride: number) => StageStrides {
  const firstDilated = { 8: 4, 16: 5, 32: 6 }[outputStride] ?? 6;
  let dilation = 1;
  return (stage, stride) => {
    const firstDilation = dilation;
    if (stage < firstDilated) return { stride, firstDilation, dilation };
    dilation *= stride;
    return { stride: 1, firstDilation, dilation };
  };
}
