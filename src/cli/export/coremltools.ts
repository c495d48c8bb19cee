import { execFile } from 'node:child_process';
import { FormatError } from '../../utils/errors.js';

/** Exit code of the script where Python has no coremltools. */
const ABSENT = 3;
const TIME_LIMIT = 300_000;

/** Reads a model as Apple's converter does. A program's types are inferred again while it is loaded. */
const script = `
import json, os, sys
try:
    import coremltools
except ImportError:
    sys.exit(${ABSENT})
path = sys.argv[1]
spec = coremltools.utils.load_spec(path)
found = {
    'version': coremltools.__version__,
    'specification': spec.specificationVersion,
    'inputs': [one.name for one in spec.description.input],
    'outputs': [one.name for one in spec.description.output],
}
if spec.WhichOneof('Type') == 'mlProgram':
    from coremltools.converters.mil.frontend.milproto.load import load
    weights = os.path.join(path, 'Data', 'com.apple.CoreML', 'weights')
    program = load(spec, specification_version=spec.specificationVersion, file_weights_dir=weights)
    program.validate()
    found['operations'] = len([op for op in program.functions['main'].operations if op.op_type != 'const'])
else:
    network = getattr(spec, spec.WhichOneof('Type'))
    found['layers'] = len(network.layers)
print(json.dumps(found))
`;

interface Found {
  readonly version: string;
  readonly specification: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly operations?: number;
  readonly layers?: number;
}

/**
 * What coremltools says of a model, in one line; undefined where there is none.
 * @param python that has it; by default CVNETS_PYTHON or python3, which need not
 * Throws FormatError with the objection when it cannot load the model.
 */
export async function coremltoolsFact(path: string, python?: string): Promise<string | undefined> {
  const { code, out, err } = await runPython(python ?? process.env.CVNETS_PYTHON ?? 'python3', path);
  if (code === 0) {
    const { version, specification, inputs, outputs, operations, layers } = JSON.parse(out) as Found;
    const size = operations === undefined ? `${layers} layers` : `${operations} operations`;
    const ports = `inputs ${inputs.join(', ')}; outputs ${outputs.join(', ')}`;
    return `coremltools ${version} loads it: specification ${specification}, ${size}; ${ports}`;
  }
  const absent = code === ABSENT || code === undefined;
  if (absent && python === undefined) return undefined;
  if (absent) throw new FormatError(`${python} has no coremltools`, 'run `pip install coremltools` there');
  throw new FormatError(`coremltools cannot load ${path}:\n${err.trim().split('\n').at(-1)}`, 'please report this');
}

/** The code is undefined when there is no such program. */
function runPython(python: string, path: string): Promise<{ code?: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(python, ['-W', 'ignore', '-c', script, path], { timeout: TIME_LIMIT }, (error, out, err) => {
      const code = error ? error.code : 0;
      resolve({ code: typeof code === 'number' ? code : code === null ? 1 : undefined, out: out.trim(), err });
    });
  });
}
