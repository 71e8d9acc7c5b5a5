/**
 * The cheapest assignment of rows to columns, exact: shortest augmenting paths with potentials (the
 * Hungarian method as Jonker and Volgenant run it), cubic in the number of rows.
 */

/**
 * @param costs as many numbers in each row; finite
 * @returns the column of each row; -1 for rows that are too many
 */
export function assign(costs: readonly (readonly number[])[]): number[] {
  const columns = costs[0]?.length ?? 0;
  if (costs.length <= columns) return assignRows(costs, columns);
  const turned = Array.from({ length: columns }, (_, column) =>
    costs.map((row) => row[column] ?? 0),
  );
  const rows = new Array<number>(costs.length).fill(-1);
  assignRows(turned, costs.length).forEach((row, column) => {
    rows[row] = column;
  });
  return rows;
}

/** At most as many rows as columns. */
function assignRows(costs: readonly (readonly number[])[], columns: number): number[] {
  // Row and column 0 stand for "none", as in the usual form of the algorithm.
  const rowPotential = new Float64Array(costs.length + 1);
  const columnPotential = new Float64Array(columns + 1);
  const rowOf = new Int32Array(columns + 1);
  for (let row = 1; row <= costs.length; row += 1) {
    const before = new Int32Array(columns + 1);
    const least = new Float64Array(columns + 1).fill(Number.POSITIVE_INFINITY);
    const isDone = new Uint8Array(columns + 1);
    rowOf[0] = row;
    let column = 0;
    do {
      isDone[column] = 1;
      const from = rowOf[column] ?? 0;
      let step = Number.POSITIVE_INFINITY;
      let next = 0;
      for (let to = 1; to <= columns; to += 1) {
        if (isDone[to]) continue;
        const cost = costs[from - 1]?.[to - 1] ?? 0;
        const reduced = cost - (rowPotential[from] ?? 0) - (columnPotential[to] ?? 0);
        if (reduced < (least[to] ?? 0)) {
          least[to] = reduced;
          before[to] = column;
        }
        if ((least[to] ?? 0) < step) {
          step = least[to] ?? 0;
          next = to;
        }
      }
      for (let to = 0; to <= columns; to += 1) {
        if (isDone[to]) {
          const held = rowOf[to] ?? 0;
          rowPotential[held] = (rowPotential[held] ?? 0) + step;
          columnPotential[to] = (columnPotential[to] ?? 0) - step;
        } else least[to] = (least[to] ?? 0) - step;
      }
      column = next;
    } while (rowOf[column] !== 0);
    while (column !== 0) {
      const last = before[column] ?? 0;
      rowOf[column] = rowOf[last] ?? 0;
      column = last;
    }
  }
  const columnOf = new Array<number>(costs.length).fill(-1);
  for (let column = 1; column <= columns; column += 1) {
    const row = rowOf[column] ?? 0;
    if (row > 0) columnOf[row - 1] = column - 1;
  }
  return columnOf;
}
