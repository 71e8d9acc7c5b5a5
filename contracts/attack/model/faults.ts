/**
 * What is wrong with a call. Where several rules are broken a contract may name any of them, so the
 * model gathers them all; a call that breaks one rule has one name.
 */

export class Refused extends Error {
  readonly names: ReadonlySet<string>;
  constructor(names: ReadonlySet<string>) {
    super([...names].join(' or '));
    this.name = 'Refused';
    this.names = names;
  }
}

export class Faults {
  readonly names = new Set<string>();

  check(holds: boolean, name: string): void {
    if (!holds) this.names.add(name);
  }

  /** @throws Refused when a rule was broken up to here. */
  stop(): void {
    if (this.names.size > 0) throw new Refused(this.names);
  }

  /** A rule without which nothing else can be told. @throws Refused */
  demand(holds: boolean, name: string): asserts holds {
    this.check(holds, name);
    if (!holds) this.stop();
  }
}
