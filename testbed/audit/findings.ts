/** What the audit objects to, in sentences, so that a figure that is not zero can be looked into. */

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
