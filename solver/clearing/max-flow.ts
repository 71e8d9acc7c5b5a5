/**
 * Maximum flow by Dinic's algorithm on typed arrays. Capacities are whole numbers held as doubles
 * (exact to 2^53), so that flows are whole as well.
 *
 * Arcs may be opened, narrowed and closed between runs; a run goes on from the flow that is there.
 * An augmenting path never lowers the flow of an arc out of the source or into the sink, which is
 * what makes opening such arcs one group after another a tie rule (tie-rules.ts).
 */

/** More than any sum of capacities, and still exact. */
export const UNBOUNDED = 2 ** 50;

export type Arc = number;

export class MaxFlow {
  readonly source = 0;
  readonly sink = 1;
  #nodes = 2;
  #from: number[] = [];
  #to: number[] = [];
  /** Capacities as added; arc `a` forwards at 2a, backwards at 2a + 1. */
  readonly #capacity: number[] = [];
  /** What is left of them. */
  #residual = new Float64Array(0);
  #links: Int32Array = new Int32Array(0);
  #firstLink: Int32Array = new Int32Array(0);
  #head: Int32Array = new Int32Array(0);

  node(): number {
    return this.#nodes++;
  }

  /** Adds an arc; `back` is the capacity the other way. Not after the first run. */
  arc(from: number, to: number, capacity: number, back = 0): Arc {
    this.#from.push(from);
    this.#to.push(to);
    this.#capacity.push(Math.min(capacity, UNBOUNDED), Math.min(back, UNBOUNDED));
    return this.#from.length - 1;
  }

  /** Sets what can still be added to the arc, whatever flows there already. */
  setRoom(arc: Arc, room: number): void {
    this.#link();
    this.#residual[2 * arc] = Math.min(room, UNBOUNDED);
  }

  /** Flow of an arc that was added without capacity backwards. */
  flow(arc: Arc): number {
    return this.#residual[2 * arc + 1] ?? 0;
  }

  /** Takes all flow back, and gives every arc the capacity it was added with. */
  reset(): void {
    this.#link();
    this.#residual.set(this.#capacity);
  }

  /** Sends as much more as possible from source to sink. @returns how much was added */
  run(): number {
    this.#link();
    const distance = new Int32Array(this.#nodes);
    const current = new Int32Array(this.#nodes);
    const path = new Int32Array(this.#nodes);
    let total = 0;
    while (this.#measure(distance)) {
      current.set(this.#firstLink.subarray(0, this.#nodes));
      total += this.#block(distance, current, path);
    }
    return total;
  }

  /** At the first use: lists the half-arcs of each node, in the order they were added. */
  #link(): void {
    if (this.#firstLink.length > 0) return;
    const half = 2 * this.#from.length;
    this.#residual = Float64Array.from(this.#capacity);
    this.#head = new Int32Array(half);
    this.#firstLink = new Int32Array(this.#nodes + 1);
    const first = this.#firstLink;
    for (let at = 0; at < half; at++) {
      const arc = at >> 1;
      const tail = (at & 1 ? this.#to[arc] : this.#from[arc]) ?? 0;
      this.#head[at] = (at & 1 ? this.#from[arc] : this.#to[arc]) ?? 0;
      first[tail + 1] = (first[tail + 1] ?? 0) + 1;
    }
    for (let node = 0; node < this.#nodes; node++) {
      first[node + 1] = (first[node + 1] ?? 0) + (first[node] ?? 0);
    }
    const next = first.slice();
    this.#links = new Int32Array(half);
    for (let at = 0; at < half; at++) {
      const tail = this.#head[at ^ 1] ?? 0;
      const place = next[tail] ?? 0;
      this.#links[place] = at;
      next[tail] = place + 1;
    }
  }

  /** Distances to the sink over what has room. @returns whether the source is reached */
  #measure(distance: Int32Array): boolean {
    const residual = this.#residual;
    distance.fill(-1);
    distance[this.sink] = 0;
    const queue = new Int32Array(this.#nodes);
    queue[0] = this.sink;
    let end = 1;
    for (let begin = 0; begin < end; begin++) {
      const node = queue[begin] ?? 0;
      const next = (distance[node] ?? 0) + 1;
      const stop = this.#firstLink[node + 1] ?? 0;
      for (let at = this.#firstLink[node] ?? 0; at < stop; at++) {
        const half = this.#links[at] ?? 0;
        const tail = this.#head[half] ?? 0;
        if ((distance[tail] ?? 0) >= 0 || !((residual[half ^ 1] ?? 0) > 0)) continue;
        distance[tail] = next;
        if (tail === this.source) return true;
        queue[end++] = tail;
      }
    }
    return false;
  }

  /** A blocking flow over shortest paths. @returns its amount */
  #block(distance: Int32Array, current: Int32Array, path: Int32Array): number {
    const residual = this.#residual;
    let total = 0;
    let depth = 0;
    let node = this.source;
    for (;;) {
      if (node === this.sink) {
        const { amount, back } = this.#augment(path, depth);
        total += amount;
        depth = back;
        node = this.#head[(path[back] ?? 0) ^ 1] ?? 0;
        continue;
      }
      const stop = this.#firstLink[node + 1] ?? 0;
      const nearer = (distance[node] ?? 0) - 1;
      let at = current[node] ?? 0;
      while (at < stop) {
        const half = this.#links[at] ?? 0;
        if (distance[this.#head[half] ?? 0] === nearer && (residual[half] ?? 0) > 0) break;
        at++;
      }
      current[node] = at;
      if (at < stop) {
        const half = this.#links[at] ?? 0;
        path[depth++] = half;
        node = this.#head[half] ?? 0;
      } else {
        if (depth === 0) return total;
        distance[node] = -1;
        depth--;
        node = this.#head[(path[depth] ?? 0) ^ 1] ?? 0;
      }
    }
  }

  /** Fills a path. @returns the amount, and the depth of its first full arc */
  #augment(path: Int32Array, depth: number): { amount: number; back: number } {
    const residual = this.#residual;
    let amount = Number.POSITIVE_INFINITY;
    let back = 0;
    for (let at = 0; at < depth; at++) {
      const room = residual[path[at] ?? 0] ?? 0;
      if (room < amount) {
        amount = room;
        back = at;
      }
    }
    for (let at = 0; at < depth; at++) {
      const half = path[at] ?? 0;
      residual[half] = (residual[half] ?? 0) - amount;
      residual[half ^ 1] = (residual[half ^ 1] ?? 0) + amount;
    }
    return { amount, back };
  }
}
