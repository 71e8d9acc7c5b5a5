/** How large a neighbourhood a run wants of a data set. */
export interface Asked {
  homes: number;
  feeders: number;
}
