/**
 * The devices that this test process covers. The vitest project sets them: `wasm` in the parallel project, `webgpu` in
 * the serial one that needs an adapter, so the same file runs once a device. Without the variable: both.
 */
export const testedDevices = (process.env.CVNETS_TEST_DEVICES ?? 'wasm,webgpu').split(',') as ('wasm' | 'webgpu')[];
