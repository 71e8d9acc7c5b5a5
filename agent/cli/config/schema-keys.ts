/**
 * The keys of the settings, read off their schema: what there is, what is the default. So that
 * `config show` and `explain` cannot say otherwise than the agent does.
 */

/** What is used of a valibot schema. */
interface Node {
  type: string;
  entries?: Record<string, Node>;
  wrapped?: Node;
  default?: unknown;
  value?: Node;
  options?: readonly (Node | string | number)[];
  key?: string;
  getter?: (raw: unknown) => Node;
}

export interface SchemaKey {
  /** `buses.*.timeout`; a star stands for a name that the user gives. */
  key: string;
  /** Undefined: it must be given, or stays away. */
  otherwise: unknown;
  isRequired: boolean;
  /** What it may be, where that is a list. */
  choices: readonly (string | number)[] | null;
}

export interface Setting {
  key: string;
  value: unknown;
  origin: 'file' | 'default';
}

/** All leaves, in the order of the schema. @param schema of valibot */
export function keysOf(schema: unknown): SchemaKey[] {
  return keysBelow(schema as Node, '', true);
}

function keysBelow(node: Node, key: string, isRequired: boolean): SchemaKey[] {
  if (node.type === 'optional' && node.wrapped !== undefined) {
    const below = keysBelow(node.wrapped, key, false);
    if (below.length !== 1 || below[0]?.key !== key) return below;
    return [{ ...below[0], otherwise: node.default, isRequired: false }];
  }
  const at = (name: string) => (key === '' ? name : `${key}.${name}`);
  if (node.entries !== undefined) {
    return Object.entries(node.entries).flatMap(([name, child]) =>
      keysBelow(child, at(name), isRequired),
    );
  }
  if (node.type === 'record' && node.value !== undefined) {
    return keysBelow(node.value, at('*'), isRequired);
  }
  const tables = tablesOf(node);
  if (tables.length > 0) {
    const all = tables.flatMap((table) => keysBelow(table, key, false));
    return all.filter((each, i) => all.findIndex((other) => other.key === each.key) === i);
  }
  const choices = node.type === 'picklist' ? (node.options as (string | number)[]) : null;
  return [{ key, otherwise: undefined, isRequired, choices }];
}

/** The tables that stand for choice: of a variant, a union, or by the `kind` that is given. */
function tablesOf(node: Node): Node[] {
  const { getter } = node;
  if (node.type === 'lazy' && getter !== undefined) {
    const kinds = getter({ kind: '' }).entries?.kind?.options ?? [];
    return kinds.map((kind) => getter({ kind }));
  }
  if (node.type !== 'variant' && node.type !== 'union') return [];
  return (node.options ?? []).filter(
    (option): option is Node => typeof option === 'object' && option.entries !== undefined,
  );
}

/** Every setting that holds: as the file has it, else the default. @param raw the parsed file */
export function settingsOf(schema: unknown, raw: unknown): Setting[] {
  return settingsBelow(schema as Node, raw, '');
}

function settingsBelow(node: Node, raw: unknown, key: string): Setting[] {
  if (node.type === 'optional' && node.wrapped !== undefined) {
    if (raw !== undefined) return settingsBelow(node.wrapped, raw, key);
    if (node.default === undefined) return [];
    const isTable = node.wrapped.entries !== undefined || node.wrapped.type === 'record';
    if (isTable) return settingsBelow(node.wrapped, node.default, key);
    return [{ key, value: node.default, origin: 'default' }];
  }
  const at = (name: string) => (key === '' ? name : `${key}.${name}`);
  const given = typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>) : {};
  if (node.entries !== undefined) {
    return Object.entries(node.entries).flatMap(([name, child]) =>
      settingsBelow(child, given[name], at(name)),
    );
  }
  const { value } = node;
  if (node.type === 'record' && value !== undefined) {
    return Object.keys(given).flatMap((name) => settingsBelow(value, given[name], at(name)));
  }
  if (node.type === 'lazy' && node.getter !== undefined) {
    return settingsBelow(node.getter(raw), raw, key);
  }
  const table = tablesOf(node).find(({ entries }) => isTableOf(entries ?? {}, given));
  if (table !== undefined) return settingsBelow(table, raw, key);
  return raw === undefined ? [] : [{ key, value: raw, origin: 'file' }];
}

/** By what distinguishes the tables of a choice: a literal, such as the driver. */
function isTableOf(entries: Record<string, Node>, given: Record<string, unknown>): boolean {
  return Object.entries(entries).every(([name, { type, ...child }]) => {
    if (type !== 'literal') return true;
    return (child as { literal?: unknown }).literal === given[name];
  });
}
