import type { OnnxModel } from '../model.js';

/** What the file says about classes and pixels must fit its inputs and outputs. */
export function lintMetadata({ graph, metadata, producer }: OnnxModel, report: (problem: string) => void): void {
  if (producer !== 'cvnets') return;
  const classes = parse(metadata.get('classes'), 'classes', report);
  if (classes !== undefined) {
    const [output] = graph.outputs;
    const columns = output?.dims?.at(1);
    const fits = Array.isArray(classes) && classes.every((name) => typeof name === 'string');
    if (!fits) report('metadata: classes is no list of names');
    else if (columns !== classes.length)
      report(`metadata: ${classes.length} classes for ${columns} columns of ${output?.name}`);
  }
  const pixels = parse(metadata.get('preprocessing'), 'preprocessing', report) as Record<string, unknown> | undefined;
  if (!pixels) {
    report('metadata: preprocessing is missing');
    return;
  }
  const [image] = graph.inputs;
  for (const key of ['scale', 'shift', 'mean', 'std']) {
    const values = pixels[key];
    const fits = Array.isArray(values) && values.length === image?.dims?.[1] && values.every(Number.isFinite);
    if (!fits)
      report(`metadata: preprocessing.${key} is ${JSON.stringify(values)}, the image has ${image?.dims?.[1]} channels`);
  }
  if (pixels.embedded !== (image?.type === 'uint8')) {
    report(`metadata: preprocessing.embedded is ${pixels.embedded}, but the image is ${image?.type}`);
  }
}

function parse(text: string | undefined, key: string, report: (problem: string) => void): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    report(`metadata: ${key} is no JSON`);
    return undefined;
  }
}
