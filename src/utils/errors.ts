/**
 * Every error of the library names the thing, what was got, what was needed and, as `hint`, the fix.
 */
export class CvnetsError extends Error {
  /** What the reader can do about it, one sentence. */
  readonly hint?: string;

  constructor(message: string, hint?: string) {
    super(hint ? `${message}\n  hint: ${hint}` : message);
    this.name = new.target.name;
    this.hint = hint;
  }
}

/** Shapes, dtypes or attributes that an operator cannot take. */
export class ShapeError extends CvnetsError {}

/** The device is missing, was lost, or cannot hold or run what was asked. */
export class DeviceError extends CvnetsError {}

/** A program that cannot be planned: a missing input, a state written twice, a batch that does not fit. */
export class PlanError extends CvnetsError {}

/** A key, value or file of a configuration that is not understood. */
export class ConfigError extends CvnetsError {}

/** A file that is damaged, foreign or not allowed. */
export class FormatError extends CvnetsError {}

/** Training that cannot go on: a loss that is not finite, a run that does not match its checkpoint. */
export class TrainingError extends CvnetsError {}
