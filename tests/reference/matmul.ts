import type { MatmulAttrs } from '../../src/ops/matmul.js';
import { size } from '../../src/tensor/shape.js';
import { type ReferenceRule, zeros } from './array.js';

/** y[..., m, n] = Σ_k a[..., m, k] · b[..., k, n] + bias[n]; a transposed operand is stored with its last axes swapped. */
export const matmul: ReferenceRule<MatmulAttrs> = ([a, b, bias], { transposeA, transposeB }) => {
  const [rowsA, colsA] = a.shape.slice(-2);
  const [rowsB, colsB] = b.shape.slice(-2);
  const [M, K] = transposeA ? [colsA, rowsA] : [rowsA, colsA];
  const N = transposeB ? rowsB : colsB;
  const batch = a.shape.slice(0, -2);
  const y = zeros([...batch, M, N]);
  for (let i = 0; i < size(batch); i++) {
    const startA = i * M * K;
    const startB = b.shape.length === 2 ? 0 : i * K * N;
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++) {
        let sum = bias ? bias.data[n] : 0;
        for (let k = 0; k < K; k++) {
          const left = a.data[startA + (transposeA ? k * M + m : m * K + k)];
          const right = b.data[startB + (transposeB ? n * K + k : k * N + n)];
          sum += left * right;
        }
        y.data[(i * M + m) * N + n] = sum;
      }
    }
  }
  return [y];
};
