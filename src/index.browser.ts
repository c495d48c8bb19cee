export * from './index.js';
export { browserPlatform as hostPlatform } from './platform/browser.js';
