/** The pushed states of the server, and whether it is still there. */

/** The server says something at least every 5 s. */
const SILENCE_MS = 15_000;
const RETRY_MS = 1_500;

/**
 * @param {(state: import('../state.ts').CommunityState) => void} onState
 * @param {(isConnected: boolean) => void} onConnection
 */
export function follow(onState, onConnection) {
  /** @type {EventSource | null} */
  let source = null;
  /** @type {number | undefined} */
  let silence;

  const heard = () => {
    onConnection(true);
    clearTimeout(silence);
    silence = setTimeout(reopen, SILENCE_MS);
  };

  function reopen() {
    onConnection(false);
    clearTimeout(silence);
    source?.close();
    source = null;
    silence = setTimeout(open, RETRY_MS);
  }

  function open() {
    const events = new EventSource('/events');
    source = events;
    events.addEventListener('message', (event) => {
      heard();
      onState(JSON.parse(event.data));
    });
    events.addEventListener('beat', heard);
    // Browsers differ in whether they try again by themselves after a refused connection.
    events.addEventListener('error', () => {
      if (source === events) reopen();
    });
  }

  open();
}
