import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MaxFlow } from '../../../solver/clearing/max-flow.ts';
import { positions, sortByKey } from '../../../solver/clearing/stable-order.ts';

const test = suite('solver/clearing/max-flow');

const NODES = 8;

/** Random arcs between 8 nodes, with gates from the source to the first 4 and from the last 4. */
const GRAPHS = fc.record({
  arcs: fc.array(
    fc.tuple(
      fc.integer({ min: 0, max: NODES - 1 }),
      fc.integer({ min: 0, max: NODES - 1 }),
      fc.integer({ min: 0, max: 20 }),
      fc.constantFrom(0, 0, 5),
    ),
    { maxLength: 30 },
  ),
  gates: fc.array(fc.integer({ min: 0, max: 20 }), { minLength: NODES, maxLength: NODES }),
});

type Graph = typeof GRAPHS extends fc.Arbitrary<infer T> ? T : never;

function networkOf({ arcs, gates }: Graph) {
  const flow = new MaxFlow();
  const nodes = gates.map(() => flow.node());
  for (const [from, to, capacity, back] of arcs) {
    if (from !== to) flow.arc(nodes[from] ?? 0, nodes[to] ?? 0, capacity, back);
  }
  const half = NODES / 2;
  const sources = gates.slice(0, half).map((cap, at) => flow.arc(flow.source, nodes[at] ?? 0, cap));
  const sinks = gates.slice(half).map((cap, at) => flow.arc(nodes[half + at] ?? 0, flow.sink, cap));
  return { flow, sources, sinks };
}

/** The least cut, over all sets of nodes on the source's side: what no flow can exceed. */
function leastCut({ arcs, gates }: Graph): number {
  let least = Number.POSITIVE_INFINITY;
  for (let set = 0; set < 2 ** NODES; set++) {
    const isIn = (node: number) => ((set >> node) & 1) === 1;
    let cut = 0;
    for (const [from, to, capacity, back] of arcs) {
      if (isIn(from) && !isIn(to)) cut += capacity;
      if (isIn(to) && !isIn(from)) cut += back;
    }
    for (const [node, cap] of gates.entries()) {
      if (node < NODES / 2 ? !isIn(node) : isIn(node)) cut += cap;
    }
    least = Math.min(least, cut);
  }
  return least;
}

test('the flow is the least cut, searched from either end, in one run or in stages', () => {
  fc.assert(
    fc.property(GRAPHS, (graph) => {
      const cut = leastCut(graph);
      for (const end of ['source', 'sink'] as const) {
        const { flow, sources, sinks } = networkOf(graph);
        assert.is(flow.run(end), cut);
        flow.reset();
        const gates = end === 'source' ? sources : sinks;
        const caps = end === 'source' ? graph.gates : graph.gates.slice(NODES / 2);
        for (const arc of gates) flow.setRoom(arc, 0);
        let total = 0;
        const reached: number[] = [];
        for (const [at, arc] of gates.entries()) {
          flow.setRoom(arc, caps[at] ?? 0);
          total += flow.runStage(end);
          reached.push(flow.flow(arc));
        }
        assert.is(total, cut);
        // A later stage takes nothing away from an earlier one.
        assert.equal(
          gates.map((arc) => flow.flow(arc)),
          reached,
        );
      }
    }),
    { numRuns: 300 },
  );
});

test('sorting by a key is stable, whatever the size of the keys', () => {
  const keys = fc.array(fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 2 ** 32 - 1 })));
  fc.assert(
    fc.property(keys, (list) => {
      const expected = [...list.keys()].sort((a, b) => (list[a] ?? 0) - (list[b] ?? 0));
      assert.equal([...sortByKey(positions(list.length), Uint32Array.from(list))], expected);
    }),
    { numRuns: 1000 },
  );
});

test.run();
