/** What the audit objects to, in sentences: where to look when a figure is not zero. */

/** More are counted, not kept. */
const KEPT = 100;

export class Findings {
  readonly sentences: string[] = [];
  total = 0;

  add(sentence: string): void {
    this.total += 1;
    if (this.sentences.length < KEPT) this.sentences.push(sentence);
  }
}
