/**
 * Maximum flow by Dinic's algorithm on typed arrays. Capacities are whole numbers held as doubles
 * (exact to 2^53), so that flows are whole as well.
 *
 * Arcs may be opened, narrowed and closed between runs; a run goes on from the flow that is there.
 * An augmenting path never lowers the flow of an arc out of the source or into the sink, which is
 * what makes opening such arcs one group after another a tie rule (tie-rules.ts). Such stages are
 * many, so a stage must cost no more than what it changes: it searches from the end whose arcs it
 * opens, and never again enters nodes from which the other end was out of reach. Nothing leads out
 * of them: no augmenting path can pass them, so none ever opens a way out.
 */

/** More than any sum of capacities, and still exact. */
export const UNBOUNDED = 2 ** 50;

export type Arc = number;

/** Where a search starts. */
export type End = 'source' | 'sink';

export class MaxFlow {
  readonly source = 0;
  readonly sink = 1;
  #nodes = 2;
  #arcs = 0;
  /** From and to, capacity there and back, of each arc. */
  #ends = new Int32Array(512);
  #capacities = new Float64Array(512);
  /** Once linked: half-arcs stand together by the node they leave, and know their reverse. */
  #isLinked = false;
  #first = new Int32Array(0);
  #to = new Int32Array(0);
  #reverse = new Int32Array(0);
  #residual = new Float64Array(0);
  /** Position of each arc's forward half. */
  #position = new Int32Array(0);
  #distance = new Int32Array(0);
  #current = new Int32Array(0);
  #queue = new Int32Array(0);
  #isDead = new Uint8Array(0);

  node(): number {
    return this.#nodes++;
  }

  /** Adds an arc; `back` is the capacity the other way. Not after the first run. */
  arc(from: number, to: number, capacity: number, back = 0): Arc {
    const at = 2 * this.#arcs;
    if (at === this.#ends.length) {
      this.#ends = grown(this.#ends, new Int32Array(2 * at));
      this.#capacities = grown(this.#capacities, new Float64Array(2 * at));
    }
    this.#ends[at] = from;
    this.#ends[at + 1] = to;
    this.#capacities[at] = Math.min(capacity, UNBOUNDED);
    this.#capacities[at + 1] = Math.min(back, UNBOUNDED);
    return this.#arcs++;
  }

  /** Sets what can still be added to the arc, whatever flows there already. */
  setRoom(arc: Arc, room: number): void {
    this.#link();
    this.#residual[this.#position[arc] ?? 0] = Math.min(room, UNBOUNDED);
  }

  addRoom(arc: Arc, room: number): void {
    this.#link();
    const at = this.#position[arc] ?? 0;
    this.#residual[at] = (this.#residual[at] ?? 0) + room;
  }

  /** Flow of an arc that was added without capacity backwards. */
  flow(arc: Arc): number {
    this.#link();
    return this.#residual[this.#reverse[this.#position[arc] ?? 0] ?? 0] ?? 0;
  }

  /** Takes all flow back, and gives every arc the capacity it was added with. */
  reset(): void {
    this.#link();
    for (let arc = 0; arc < this.#arcs; arc++) {
      const at = this.#position[arc] ?? 0;
      this.#residual[at] = this.#capacities[2 * arc] ?? 0;
      this.#residual[this.#reverse[at] ?? 0] = this.#capacities[2 * arc + 1] ?? 0;
    }
    this.#isDead.fill(0);
  }

  /** Sends as much more as possible from source to sink. @returns how much was added */
  run(from: End = 'source'): number {
    this.#link();
    this.#isDead.fill(0);
    return this.runStage(from);
  }

  /**
   * The same where, since the last reset, run or stage, arcs were opened at the end `from` alone.
   */
  runStage(from: End): number {
    this.#link();
    let total = 0;
    for (;;) {
      const goal = this.#measure(from);
      if (goal < 0) return total;
      total += this.#block(from, goal);
    }
  }

  /** At the first use: sorts the half-arcs by the node they leave, in the order they were added. */
  #link(): void {
    if (this.#isLinked) return;
    this.#isLinked = true;
    const first = new Int32Array(this.#nodes + 1);
    const ends = this.#ends;
    for (let at = 0; at < 2 * this.#arcs; at++) {
      const tail = ends[at] ?? 0;
      first[tail + 1] = (first[tail + 1] ?? 0) + 1;
    }
    for (let node = 0; node < this.#nodes; node++) {
      first[node + 1] = (first[node + 1] ?? 0) + (first[node] ?? 0);
    }
    this.#first = first;
    this.#to = new Int32Array(2 * this.#arcs);
    this.#reverse = new Int32Array(2 * this.#arcs);
    this.#residual = new Float64Array(2 * this.#arcs);
    this.#position = new Int32Array(this.#arcs);
    const next = first.slice();
    for (let arc = 0; arc < this.#arcs; arc++) {
      const from = ends[2 * arc] ?? 0;
      const to = ends[2 * arc + 1] ?? 0;
      const there = next[from] ?? 0;
      next[from] = there + 1;
      const back = next[to] ?? 0;
      next[to] = back + 1;
      this.#to[there] = to;
      this.#to[back] = from;
      this.#reverse[there] = back;
      this.#reverse[back] = there;
      this.#position[arc] = there;
    }
    this.#distance = new Int32Array(this.#nodes);
    this.#current = new Int32Array(this.#nodes);
    this.#queue = new Int32Array(this.#nodes);
    this.#isDead = new Uint8Array(this.#nodes);
    this.reset();
  }

  /**
   * Distances from one end over what has room, until the other end is reached.
   * @returns the distance of the other end, or -1 when it is out of reach
   */
  #measure(from: End): number {
    const first = this.#first;
    const to = this.#to;
    const reverse = this.#reverse;
    const residual = this.#residual;
    const distance = this.#distance;
    const queue = this.#queue;
    const isDead = this.#isDead;
    const isForward = from === 'source';
    const start = isForward ? this.source : this.sink;
    const target = isForward ? this.sink : this.source;
    distance.fill(-1);
    distance[start] = 0;
    queue[0] = start;
    let end = 1;
    for (let begin = 0; begin < end; begin++) {
      const node = queue[begin] ?? 0;
      const next = (distance[node] ?? 0) + 1;
      this.#current[node] = first[node] ?? 0;
      const stop = first[node + 1] ?? 0;
      for (let at = first[node] ?? 0; at < stop; at++) {
        const head = to[at] ?? 0;
        if ((distance[head] ?? 0) >= 0 || isDead[head] === 1) continue;
        if (!((residual[isForward ? at : (reverse[at] ?? 0)] ?? 0) > 0)) continue;
        if (head === target) {
          distance[head] = next;
          this.#ready(queue, begin, end);
          return next;
        }
        distance[head] = next;
        queue[end++] = head;
      }
    }
    for (let at = 1; at < end; at++) isDead[queue[at] ?? 0] = 1;
    return -1;
  }

  /** Nodes that were reached and not looked into are looked into by the blocking flow. */
  #ready(queue: Int32Array, begin: number, end: number): void {
    const first = this.#first;
    for (let at = begin; at < end; at++) {
      const node = queue[at] ?? 0;
      this.#current[node] = first[node] ?? 0;
    }
  }

  /** A blocking flow over shortest paths, `goal` arcs long. @returns its amount */
  #block(from: End, goal: number): number {
    const first = this.#first;
    const to = this.#to;
    const reverse = this.#reverse;
    const residual = this.#residual;
    const distance = this.#distance;
    const current = this.#current;
    const isForward = from === 'source';
    const start = isForward ? this.source : this.sink;
    const target = isForward ? this.sink : this.source;
    const path = new Int32Array(goal);
    let total = 0;
    let depth = 0;
    let node = start;
    for (;;) {
      if (node === target) {
        const { amount, back } = this.#augment(path, isForward);
        total += amount;
        depth = back;
        node = to[reverse[path[back] ?? 0] ?? 0] ?? 0;
        continue;
      }
      const stop = first[node + 1] ?? 0;
      const further = depth + 1;
      let at = current[node] ?? 0;
      for (; at < stop; at++) {
        const head = to[at] ?? 0;
        if (distance[head] !== further || (further === goal && head !== target)) continue;
        if ((residual[isForward ? at : (reverse[at] ?? 0)] ?? 0) > 0) break;
      }
      current[node] = at;
      if (at < stop) {
        path[depth++] = at;
        node = to[at] ?? 0;
      } else {
        if (depth === 0) return total;
        distance[node] = -1;
        depth--;
        node = to[reverse[path[depth] ?? 0] ?? 0] ?? 0;
      }
    }
  }

  /** Fills a path. @returns the amount, and the depth of its first full arc */
  #augment(path: Int32Array, isForward: boolean): { amount: number; back: number } {
    const residual = this.#residual;
    const reverse = this.#reverse;
    let amount = Number.POSITIVE_INFINITY;
    let back = 0;
    for (let depth = 0; depth < path.length; depth++) {
      const at = path[depth] ?? 0;
      const room = residual[isForward ? at : (reverse[at] ?? 0)] ?? 0;
      if (room < amount) {
        amount = room;
        back = depth;
      }
    }
    for (const at of path) {
      const half = isForward ? at : (reverse[at] ?? 0);
      const other = reverse[half] ?? 0;
      residual[half] = (residual[half] ?? 0) - amount;
      residual[other] = (residual[other] ?? 0) + amount;
    }
    return { amount, back };
  }
}

function grown<T extends Int32Array | Float64Array>(before: T, after: T): T {
  after.set(before);
  return after;
}
