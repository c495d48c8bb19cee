import { State } from '../tensor/state.js';
import { PhiloxSequence, streamOf } from '../utils/random.js';
import { type Initializer, type InitMethod, initializer, zeros } from './init.js';
import { type Module, namedParameters, type Parameter } from './module.js';

/** CVNets' `model.layer.*`. Left out, every layer keeps its own default, as published CVNets models did. */
export interface InitializeOptions {
  readonly seed?: number;
  readonly conv_init?: InitMethod;
  readonly conv_init_std_dev?: number;
  readonly linear_init?: InitMethod;
  readonly linear_init_std_dev?: number;
  /** Values by name, row-major, that stand in for initial ones: weights of an earlier training. */
  readonly values?: ReadonlyMap<string, Float32Array>;
}

export interface ModelStates {
  /** Trained and frozen parameters, in order of declaration. */
  readonly parameters: readonly State[];
  /** Running statistics. */
  readonly buffers: readonly State[];
}

/**
 * Names a network's parameters after their path and gives them states. The values depend on the seed and the name
 * only, not on the order of construction. Call it once, on the outermost module.
 */
export function initialize(root: Module, options: InitializeOptions = {}): ModelStates {
  const { seed = 0, values } = options;
  root.nameParts();
  const states = [...namedParameters(root)].map(([name, parameter]) => {
    const init = chooseInitializer(parameter, options);
    const { shape, role } = parameter;
    const draw = () => init(shape, new PhiloxSequence(seed, streamOf(name)));
    const state = new State(name, shape, role, () => values?.get(name) ?? draw());
    parameter.bind(state);
    return state;
  });
  return {
    parameters: states.filter(({ role }) => role === 'parameter'),
    buffers: states.filter(({ role }) => role === 'buffer'),
  };
}

function chooseInitializer({ init, family, shape }: Parameter, options: InitializeOptions): Initializer {
  const method = family && options[`${family}_init`];
  if (!method) return init;
  return shape.length === 1 ? zeros : initializer(method, options[`${family}_init_std_dev`]);
}
