import { nodePlatform } from './platform/node.js';
import type { Platform } from './platform/platform.js';

export * from './index.js';

/** The platform of this host: Node. */
export const hostPlatform = (): Platform => nodePlatform;
