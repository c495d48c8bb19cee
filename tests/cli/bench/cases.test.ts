import { describe, expect, test } from 'vitest';
import { findCase } from '../../../src/cli/bench/cases.js';
import type { Fingerprint } from '../../../src/cli/bench/fingerprint.js';
import { kernelCases } from '../../../src/cli/bench/kernel-cases.js';
import { modelCase, modelCases, scalingModelCases } from '../../../src/cli/bench/model-cases.js';
import { ownLibrary } from '../../../src/cli/bench/own-library.js';
import { LibrarySide } from '../../../src/cli/bench/runner.js';
import { nodePlatform } from '../../../src/platform/node.js';

describe('the cases', () => {
  test('have names of their own, and can be found by them', () => {
    for (const [suite, cases] of [
      ['kernels', kernelCases],
      ['models', modelCases],
    ] as const) {
      expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
      expect(findCase(suite, cases[0].name)).toBe(cases[0]);
    }
    expect(findCase('models', scalingModelCases[0].name).name).toBe(scalingModelCases[0].name);
    expect(() => findCase('kernels', 'nosuch')).toThrow('has no case nosuch');
  });

  test('cover what the suite promises', () => {
    const names = kernelCases.map(({ name }) => name).join('\n');
    const kinds = ['gemm', 'conv 1x1', 'conv 3x3', 'conv 5x5', 'conv 7x7', 'depthwise 3x3', 'depthwise 5x5', 'grouped'];
    for (const kind of [...kinds, 'batch norm', 'max pool', 'average pool', 'sgd', 'adam', 'fork and join']) {
      expect(names).toContain(kind);
    }
    expect(names).toMatch(/ d2 weight gradient/);
    for (const network of ['small-cnn', 'mobilenetv1', 'mobilenetv2', 'resnet18', 'resnet50']) {
      const own = modelCases.filter(({ name }) => name.startsWith(network));
      expect(own.length).toBe(network === 'small-cnn' ? 2 : network.startsWith('mobilenet') ? 7 : 6);
    }
  });

  test('a step is described as data: every value has a source or an operator, and survives JSON', () => {
    const { graph } = modelCase({ network: 'small-cnn', size: 8, batch: 2, mode: 'training step' }).build();
    expect(JSON.parse(JSON.stringify(graph))).toEqual(graph);
    const known = new Set(graph.sources.map(({ value }) => value));
    for (const { inputs, outputs } of graph.nodes) {
      for (const value of inputs) expect(known.has(value)).toBe(true);
      for (const value of outputs) known.add(value);
    }
    expect(graph.values[graph.outputs[0]].shape).toEqual([]);
    expect(graph.training!.parameters).toHaveLength(11);
    // Plain operators: what we fuse is our business.
    expect(graph.nodes.filter(({ op }) => op === 'activation')).toHaveLength(3);
    expect(new Set(graph.nodes.map(({ op }) => op))).not.toContain('sgd');
  });
});

describe('our own side', () => {
  test('trains the same numbers on any number of threads, in the memory that was planned', async () => {
    const fingerprints: Fingerprint[] = [];
    const { name, checks } = modelCases.find((one) => one.name === 'small-cnn 32 batch 32 training step')!;
    const graph = { values: [], sources: [], nodes: [], outputs: [] };
    for (const threads of [0, 2]) {
      const side = new LibrarySide(await ownLibrary(nodePlatform, { device: 'wasm', threads }), nodePlatform);
      try {
        fingerprints.push((await side.prepare({ suite: 'models', name, checks, graph })).fingerprint);
        expect(await side.facts()).toMatchObject({ planned: expect.any(Number), counted: expect.any(Number) });
        const { planned, counted } = await side.facts();
        expect(counted).toBe(planned);
      } finally {
        await side.close();
      }
    }
    expect(fingerprints[0]).toHaveLength(2);
    expect(fingerprints[0][0]).not.toBe(fingerprints[0][1]);
    expect(fingerprints[1]).toEqual(fingerprints[0]);
  });
});
