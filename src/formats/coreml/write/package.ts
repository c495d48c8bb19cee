import type { Files } from '../../../platform/platform.js';
import { crc32 } from '../../crc.js';
import { encodeProgramModel } from './encode-program.js';
import type { ExportedProgram } from './program.js';

const FOLDER = 'com.apple.CoreML';

interface Item {
  /** Below `Data/`. */
  readonly path: string;
  readonly name: string;
  readonly description: string;
}

const modelItem: Item = { path: `${FOLDER}/model.mlmodel`, name: 'model.mlmodel', description: 'Model specification' };
const weightsItem: Item = { path: `${FOLDER}/weights`, name: 'weights', description: 'Model weights' };

/**
 * Writes the folder of a package. Nothing in it depends on time or chance: the same program gives the same bytes.
 * @returns how many bytes it holds
 */
export async function writePackage(files: Files, folder: string, program: ExportedProgram): Promise<number> {
  const model = encodeProgramModel(program.model);
  const { weights } = program;
  const identity = identityOf([...model, ...weights]);
  const manifest = manifestOf(identity);
  await files.makeFolder(`${folder}/Data/${weightsItem.path}`);
  await files.write(`${folder}/Data/${weightsItem.path}/weight.bin`, weights);
  await files.write(`${folder}/Data/${modelItem.path}`, model);
  await files.write(`${folder}/Manifest.json`, manifest);
  return lengthOf([...model, ...weights]) + manifest.length;
}

function manifestOf(identity: number): string {
  const [root, weights] = [modelItem, weightsItem].map(({ path }) => uuid(path, identity));
  const entry = (item: Item) => ({
    author: 'cvnets',
    description: item.description,
    name: item.name,
    path: item.path,
  });
  const manifest = {
    fileFormatVersion: '1.0.0',
    itemInfoEntries: { [root]: entry(modelItem), [weights]: entry(weightsItem) },
    rootModelIdentifier: root,
  };
  return `${JSON.stringify(manifest, null, 4)}\n`;
}

/** A UUID of version 8, whose bits are ours to choose: those of the item's path and of what the package holds. */
function uuid(path: string, identity: number): string {
  const words = [0, 1, 2, 3].map((salt) => crc32(new TextEncoder().encode(`${salt} ${path} ${identity}`)));
  const digits = [...words.map((word) => word.toString(16).padStart(8, '0')).join('')];
  digits[12] = '8';
  digits[16] = (8 + (Number.parseInt(digits[16], 16) & 3)).toString(16);
  const text = digits.join('').toUpperCase();
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-');
}

function identityOf(parts: readonly Uint8Array[]): number {
  return crc32(new Uint8Array(Uint32Array.from(parts, crc32).buffer));
}

const lengthOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, { length }) => sum + length, 0);
