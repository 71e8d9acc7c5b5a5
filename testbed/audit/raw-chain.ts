/**
 * The audit's own way to the chain: plain JSON-RPC over HTTP, in batches. It shares nothing with
 * `chain/`, so that a fault there cannot hide itself here.
 */

export class AuditError extends Error {
  /** `chain`: the node did not answer well. `journal`, `books`: a database cannot be read. */
  readonly code: 'chain' | 'journal' | 'books';
  constructor(code: AuditError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'AuditError';
    this.code = code;
  }
}

const BATCH = 200;
const DEADLINE_MS = 60_000;

interface Answer {
  id: number;
  result?: unknown;
  error?: { message?: string };
}

export class RawChain {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** @throws AuditError 'chain' */
  async call(method: string, params: unknown[]): Promise<unknown> {
    const [result] = await this.calls(method, [params]);
    return result;
  }

  /** One method with many parameters, results in the same order. @throws AuditError 'chain' */
  async calls(method: string, paramsList: unknown[][]): Promise<unknown[]> {
    const results: unknown[] = [];
    for (let from = 0; from < paramsList.length; from += BATCH) {
      results.push(...(await this.#batch(method, paramsList.slice(from, from + BATCH))));
    }
    return results;
  }

  async #batch(method: string, paramsList: unknown[][]): Promise<unknown[]> {
    const body = paramsList.map((params, id) => ({ jsonrpc: '2.0', id, method, params }));
    let answers: Answer[];
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(DEADLINE_MS),
      });
      answers = (await response.json()) as Answer[];
    } catch (cause) {
      throw new AuditError('chain', `${method} at ${this.#url}: no good answer`, cause);
    }
    const byId = new Map(
      Array.isArray(answers) ? answers.map((answer) => [answer.id, answer]) : [],
    );
    return paramsList.map((_, id) => {
      const answer = byId.get(id);
      if (!answer || answer.result === undefined) {
        const words = answer?.error?.message ?? 'no result';
        throw new AuditError('chain', `${method} at ${this.#url}: ${words}`);
      }
      return answer.result;
    });
  }
}
