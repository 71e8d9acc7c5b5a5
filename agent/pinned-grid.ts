/** The grid file that was pinned at enrolment (design: meter and DSO). */
import { FileError, type Files } from '../host/ports.ts';
import { unfitForTor } from '../market/endpoints.ts';
import type { GridFacts, GridFile } from '../market/grid.ts';
import { GridFileError, isNewerIssue, parseGridFile } from '../market/grid-json.ts';

export class PinnedGridError extends Error {
  /**
   * `not-enrolled`: there is none. `unreadable`: there is, and it cannot be read or does not count.
   * `other-grid`: another one than the offered file may take the place of. `unfit`: its endpoints
   * cannot be reached through Tor.
   */
  readonly code: 'not-enrolled' | 'unreadable' | 'other-grid' | 'unfit';
  constructor(code: PinnedGridError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'PinnedGridError';
    this.code = code;
  }
}

/** @throws PinnedGridError */
export function readPinnedGrid(files: Files, path: string): GridFile {
  if (!files.exists(path)) {
    const message = `this meter is not enrolled (no ${path}): run transax-agent enrol GRIDFILE`;
    throw new PinnedGridError('not-enrolled', message);
  }
  try {
    return parseGridFile(files.readText(path));
  } catch (error) {
    if (!(error instanceof FileError) && !(error instanceof GridFileError)) throw error;
    const message =
      `${path} cannot be used (${error.message}): put the utility's grid file back there, ` +
      'or remove it and run transax-agent enrol GRIDFILE';
    throw new PinnedGridError('unreadable', message, error);
  }
}

/**
 * Pins an offered file, or keeps the pinned one when that is the same or newer.
 * @returns what is pinned now
 * @throws PinnedGridError, GridFileError, FileError
 */
export function pinGrid(files: Files, path: string, text: string): GridFile {
  const offered = parseGridFile(text);
  if (files.exists(path)) {
    const pinned = readPinnedGrid(files, path);
    const isSame = pinned.signature === offered.signature;
    if (!isSame && !isNewerIssue(pinned, offered)) {
      throw new PinnedGridError(
        'other-grid',
        `the grid file offered is not a newer issue of the pinned one (${path}, ` +
          `"${pinned.facts.name}", issue ${pinned.facts.issue}), signed by the same key or one ` +
          'that its owner endorsed',
      );
    }
  }
  files.writeText(path, text);
  return offered;
}

/** Chain and DSO, as the transport is told them. */
export function endpointsOf({ rpc, dso }: Pick<GridFacts, 'rpc' | 'dso'>): string[] {
  return [...new Set([...rpc, dso.url].map((url) => new URL(url).origin))];
}

/** Why chain and DSO cannot be reached as the settings want it; null: they can. */
export function unfitEndpoint(
  lab: { clearNet: boolean },
  facts: Pick<GridFacts, 'rpc' | 'dso'>,
): string | null {
  if (lab.clearNet) return null;
  return (
    endpointsOf(facts)
      .map(unfitForTor)
      .find((fault) => fault !== null) ?? null
  );
}
