/** Shaders are imported as text: `build/wgsl.mjs` teaches esbuild and vitest. */
declare module '*.wgsl' {
  const source: string;
  export default source;
}
