/** For an endpoint that stands before another one: takes a request's text, and hands it on. */
import http from 'node:http';

/** @returns null when the one behind does not answer */
export function forward(url: string, agent: http.Agent, body: string): Promise<string | null> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json' };
    const call = http.request(url, { method: 'POST', agent, headers }, (response) => {
      textOf(response).then(resolve, () => resolve(null));
    });
    call.on('error', () => resolve(null));
    call.end(body);
  });
}

export async function textOf(stream: http.IncomingMessage): Promise<string> {
  stream.setEncoding('utf8');
  let text = '';
  for await (const part of stream) text += part;
  return text;
}
