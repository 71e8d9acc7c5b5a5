/** What goes wrong with a private Tor network. */
export class TorError extends Error {
  /** `missing`: there is no tor here. `start`: a process did not come up. `late`: not in time. */
  readonly code: 'missing' | 'start' | 'late';
  constructor(code: TorError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'TorError';
    this.code = code;
  }
}
