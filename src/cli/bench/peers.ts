import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../utils/errors.js';
import type { ChildCommand } from './child.js';
import { dataPeerPackages } from './data-peers.js';
import { peersFolder } from './node-sides.js';

export interface PeerRequest {
  readonly device: 'auto' | 'wasm' | 'webgpu';
  readonly threads: number;
  /** Python to look for torch in; default: CVNETS_PYTHON, then python3. */
  readonly python?: string;
  /** Command of a JavaScript peer's process. */
  command(library: string): ChildCommand;
}

/** The processes of a peer, or why there are none and what to do about it. */
export interface PeerPlan {
  readonly commands: readonly ChildCommand[];
  readonly missing?: string;
}

function packagePeer(name: string, packages: readonly string[]): (request: PeerRequest) => PeerPlan {
  return ({ command }) => {
    const folder = peersFolder();
    const absent = packages.filter((one) => !existsSync(join(folder, 'node_modules', one, 'package.json')));
    if (absent.length === 0) return { commands: [command(name)] };
    return {
      commands: [],
      missing: `${name} is not installed (${absent.join(', ')}): npm ci --ignore-scripts --prefix ${folder}`,
    };
  };
}

/** Tells glibc's malloc to keep what it has: without this, torch pays for page faults in every step. */
const KEEP_MEMORY = {
  MALLOC_MMAP_THRESHOLD_: '4000000000',
  MALLOC_TRIM_THRESHOLD_: '8000000000',
  MALLOC_TOP_PAD_: '200000000',
};

interface TorchFound {
  readonly version: string;
  readonly cuda: boolean;
}

function torch({ device, threads, python }: PeerRequest): PeerPlan {
  const interpreter = python ?? process.env.CVNETS_PYTHON ?? 'python3';
  const code =
    'import json, torch; print(json.dumps({"version": torch.__version__, "cuda": torch.cuda.is_available()}))';
  const { status, stdout } = spawnSync(interpreter, ['-c', code], { encoding: 'utf8' });
  if (status !== 0) {
    const missing = `${interpreter} has no torch: ${interpreter} -m pip install torch, or name another with --python`;
    return { commands: [], missing };
  }
  const { version, cuda } = JSON.parse(stdout) as TorchFound;
  const script = join(peersFolder(), 'torch_side.py');
  const side = (where: string, layout: string, env?: Record<string, string>): ChildCommand => ({
    command: interpreter,
    args: [script, '--device', where, '--layout', layout, '--threads', `${threads}`, ...(env ? ['--kept'] : [])],
    env,
  });
  const layouts = ['channels_last', 'contiguous'];
  if (device === 'wasm') {
    return { commands: layouts.flatMap((layout) => [side('cpu', layout), side('cpu', layout, KEEP_MEMORY)]) };
  }
  if (cuda) return { commands: layouts.map((layout) => side('cuda', layout)) };
  return { commands: [], missing: `torch ${version} sees no CUDA: on webgpu it is a peer only with it` };
}

function onnxruntime(request: PeerRequest): PeerPlan {
  if (request.device !== 'wasm') {
    return { commands: [], missing: 'onnxruntime-node computes on the CPU: it is a peer of --device wasm' };
  }
  return packagePeer('onnxruntime', ['onnxruntime-node'])(request);
}

export const peers: Readonly<Record<string, (request: PeerRequest) => PeerPlan>> = {
  tfjs: packagePeer('tfjs', ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-webgpu']),
  torch,
  'jax-js': packagePeer('jax-js', ['@jax-js/jax']),
  onnxruntime,
};

/** Names that `--peers` takes: engines, then what the suite `data` is compared with. */
export const allPeers: readonly string[] = [...Object.keys(peers), ...Object.keys(dataPeerPackages)];

/** Those of `--peers a,b` that are in `wanted`: engines, or decoders. Throws ConfigError for one that is not known. */
export function peerNames<T extends object>(list: string | undefined, wanted: T): (keyof T & string)[] {
  const names = (list ?? '').split(',').filter(Boolean);
  const unknown = names.filter((name) => !allPeers.includes(name));
  if (unknown.length > 0) {
    throw new ConfigError(`there is no peer ${unknown.join(', ')}`, `the peers are ${allPeers.join(', ')}`);
  }
  return names.filter((name): name is keyof T & string => Object.hasOwn(wanted, name));
}
