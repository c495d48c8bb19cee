import * as z from 'zod';
import { variantNames } from '../../models/classification/variants/index.js';

/** CVNets writes several patterns as one text with commas; here a list is taken, too. */
const patterns = () => z.union([z.string(), z.array(z.string())]).default('');

/** Keys about weights that a run starts from, and what of them is trained. */
export const pretrainedKeys = {
  'model.classification.pretrained': z
    .string()
    .nullable()
    .default(null)
    .describe('File of weights that the run starts from; --weights is short for it'),
  'model.classification.variant': z
    .enum(variantNames)
    .default('cvnets')
    .describe('Whose network of that name: stem, widths, padding, names of weights; --from is short for it'),
  'model.resume_exclude_scopes': patterns().describe('Weights of the file that are left out: starts of names'),
  'model.ignore_missing_scopes': patterns().describe('Weights that the file need not have: starts of names'),
  'model.rename_scopes_map': z
    .array(z.tuple([z.string(), z.string()]))
    .nullable()
    .default(null)
    .describe("Pairs [pattern, replacement] for the file's names"),
  'model.freeze_modules': patterns().describe('Layers that are not trained: starts of their paths'),
  'train.restore_norms': z
    .int()
    .min(0)
    .default(0)
    .describe('Batches from which batch norms that came folded into filters get statistics again; 0: none'),
  'train.lr_multipliers': z
    .array(z.tuple([z.string(), z.number().min(0)]))
    .default([])
    .describe('Pairs [start of a path, factor of the learning rate]; the first that matches counts'),
};

/** A key's patterns one by one. */
export function patternList(value: string | readonly string[]): string[] {
  const items = typeof value === 'string' ? value.split(',') : value;
  return items.map((item) => item.trim()).filter(Boolean);
}
