/**
 * The types of Node 20.11 are older than the split of `Uint8Array` by its memory, so a `Buffer` of
 * theirs does not pass for a `Uint8Array`, which it is. One method is all that stands in the way.
 */

interface Buffer {
  slice(start?: number, end?: number): Buffer & Uint8Array<ArrayBuffer>;
}
