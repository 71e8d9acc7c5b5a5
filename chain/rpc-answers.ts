/** The answers of JSON-RPC: each to its request, by its id, whatever order they come in. */
import { RpcError } from './rpc-forms.ts';

/** Whether it is an error in the form of JSON-RPC. */
export function isError(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'error' in answer && 'id' in answer;
}

/** @throws RpcError `malformed` for what is no answer to the call, `rejected`, `reverted` */
export function resultOf(answer: unknown, id: number | undefined, method: string): unknown {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) {
    throw new RpcError('malformed', `the answer to ${method} is not an object`);
  }
  const { id: answered, error, result } = answer as Record<string, unknown>;
  if (error !== undefined && error !== null) {
    // A request that could not be read is answered with the id null (JSON-RPC 2.0, section 5).
    if (answered !== id && answered !== null) throw wrongId(method);
    throw RpcError.fromAnswer(error, method);
  }
  if (answered !== id) throw wrongId(method);
  if (result === undefined) {
    throw new RpcError('malformed', `the answer to ${method} has neither result nor error`);
  }
  return result;
}

function wrongId(method: string): RpcError {
  return new RpcError('malformed', `the answer to ${method} is to another request`);
}

/** The results in the order of the calls. @throws RpcError `malformed` */
export function batchResults(
  answer: unknown,
  ids: readonly number[],
  calls: readonly { method: string }[],
): (unknown | RpcError)[] {
  if (!Array.isArray(answer)) return [resultOf(answer, undefined, 'a batch')];
  const byId = new Map<unknown, unknown>();
  for (const one of answer) {
    const id: unknown = typeof one === 'object' && one !== null ? one.id : undefined;
    if (byId.has(id)) throw new RpcError('malformed', 'a batch was answered twice');
    byId.set(id, one);
  }
  if (byId.size !== ids.length) {
    throw new RpcError('malformed', `${byId.size} answers to a batch of ${ids.length} calls`);
  }
  return ids.map((id, at) => {
    try {
      return resultOf(byId.get(id), id, calls[at]?.method ?? '');
    } catch (error) {
      if (error instanceof RpcError && !error.isEndpointsFault) return error;
      throw error;
    }
  });
}
