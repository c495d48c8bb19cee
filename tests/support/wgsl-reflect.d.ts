/** The package's own types describe its CommonJS entry; this is the same code as an ES module. */
declare module 'wgsl_reflect/wgsl_reflect.module.js' {
  export { WgslReflect } from 'wgsl_reflect';
}
