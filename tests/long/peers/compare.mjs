// Runs both sides of a comparison in turn and prints the ratio: losses first, then times.
// usage: node compare.mjs rounds steps -- ours.mjs args -- peer.mjs args
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const [rounds, steps] = process.argv.slice(2, 4).map(Number);
const [, ours, peer] = process.argv.slice(2).join(' ').split(' -- ');

async function start(command) {
  const child = spawn(process.execPath, command.split(' '), { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${command} ended early`);
      if (value.startsWith('{')) return JSON.parse(value);
    }
  };
  const { ready } = await answer();
  return {
    name: ready,
    run(count) {
      child.stdin.write(`${count}\n`);
      return answer();
    },
    stop: () => child.stdin.end('0\n'),
  };
}

const sides = [await start(ours), await start(peer)];
const first = [];
for (const side of sides) first.push(await side.run(steps));
const difference = Math.max(...first[0].losses.map((loss, i) => Math.abs(loss - first[1].losses[i])));
console.log(`losses: ${first[0].losses.map((x) => x.toFixed(5)).join(' ')}`);
console.log(`largest difference of the losses over ${steps} steps: ${difference.toExponential(2)}`);
if (!(difference < 1e-3)) {
  console.log(`peer:   ${first[1].losses.map((x) => x.toFixed(5)).join(' ')}`);
  throw new Error('the two sides do not compute the same; their times are not compared');
}
const times = [[], []];
let counts;
for (let round = 0; round < rounds; round++) {
  counts = [];
  for (const [i, side] of sides.entries()) {
    const result = await side.run(steps);
    times[i].push(...result.milliseconds);
    counts.push(result.counts);
  }
}
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const [a, b] = times.map(median);
sides.forEach(({ name }, i) => {
  console.log(`${name}: median ${median(times[i]).toFixed(1)} ms, best ${Math.min(...times[i]).toFixed(1)} ms`);
  if (counts[i]?.dispatches) console.log(`  a step: ${JSON.stringify(counts[i])}`);
});
console.log(
  `ratio of medians: ${(b / a).toFixed(2)}, of bests: ${(Math.min(...times[1]) / Math.min(...times[0])).toFixed(2)}`,
);
for (const side of sides) side.stop();
