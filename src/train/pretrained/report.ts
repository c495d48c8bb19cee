import { FormatError } from '../../utils/errors.js';
import { fits, type Match } from './match.js';

const SHOWN = 5;

const list = (label: string, items: readonly string[]): string[] => {
  if (items.length === 0) return [];
  const more = items.length > SHOWN ? `, … (${items.length - SHOWN} more)` : '';
  return [`  ${items.length} ${label}: ${items.slice(0, SHOWN).join(', ')}${more}`];
};

/** What was matched, missing, unexpected and mismatched, line by line. */
export function describeMatch({ matched, missing, left, unexpected, mismatched, newHead }: Match): string[] {
  const shapes = mismatched.map(
    ({ name, theirs, fileShape, modelShape }) =>
      `${name} [${modelShape}] (the file's ${theirs === name ? '' : `${theirs} `}has [${fileShape}])`,
  );
  return [
    `  ${matched.size} tensors matched`,
    ...list('missing', missing),
    ...list('unexpected', unexpected),
    ...list('mismatched', shapes),
    ...list(
      newHead === undefined ? 'left at their initial values' : `of a new head, the file has ${newHead} classes`,
      left,
    ),
  ];
}

/** Throws FormatError with the whole report unless everything fits. */
export function expectFit(match: Match, path: string, network: string): void {
  if (fits(match)) return;
  throw new FormatError(
    [`${path} does not fit ${network}:`, ...describeMatch(match)].join('\n'),
    'choose the network that it was made for (--from, model.classification.*), or name what may differ: ' +
      'model.resume_exclude_scopes, model.ignore_missing_scopes, model.rename_scopes_map',
  );
}
