/** The current interval, how far the run has come, and the steps of an interval's life. */
import { el, mark, setAttribute, setShare, setText } from '../elements.js';
import { clock, day, span } from '../units.js';

/** Name and meaning of each step, in the order in which an interval lives through them. */
const STEPS = {
  read: ['Read', 'Meters read, the interval closed in the journal'],
  forecast: ['Forecast', 'Net load of the coming intervals forecast'],
  plan: ['Plan', 'Battery and loads planned, wishes put in words'],
  withdraw: ['Withdraw', 'Energy and money granted to a fresh address'],
  post: ['Post', 'Offers posted on the chain'],
  clear: ['Clear', 'Trades final, within every limit'],
  follow: ['Follow', 'Trades kept by battery and loads; the rest weighed against later'],
  settle: ['Settle', 'Signed readings countersigned by the DSO'],
};

/** @param {HTMLElement} root */
export function createNow(root) {
  const time = el('p', { class: 'now-time' });
  const date = el('p', { class: 'now-date' });
  const bar = el('span', {});
  const track = el(
    'div',
    { class: 'track', role: 'progressbar', 'aria-label': 'Progress of the run' },
    bar,
  );
  const progress = el('p', { class: 'now-progress' });
  const sentence = el('p', { class: 'now-sentence' });
  const steps = Object.entries(STEPS).map(([stage, [name, about]]) =>
    createStep(stage, name ?? '', about ?? ''),
  );
  const life = el(
    'ol',
    { class: 'life', 'aria-label': 'Life of an interval' },
    ...steps.map((s) => s.node),
  );
  root.append(
    el('div', { class: 'now-clock' }, time, date, track, progress),
    el('div', { class: 'now-life' }, sentence, life),
  );
  return { show };

  /** @param {import('../../state.ts').CommunityState} state */
  function show(state) {
    const { run } = state;
    const isOver = run.phase === 'ended';
    setText(
      time,
      isOver ? clock(run.marketNowMs / 1000, run.zone) : span(run.currentInterval, run),
    );
    setText(date, `${day(run.marketNowMs / 1000, run.zone)}, ${run.zone}`);
    const past = run.marketNowMs / 1000 / run.intervalSeconds - run.firstInterval;
    const share = Math.max(0, Math.min(1, past / run.intervalCount));
    setShare(bar, share);
    setAttribute(track, 'aria-valuenow', `${Math.round(share * 100)}`);
    setText(progress, progressWords(run));
    setText(
      sentence,
      run.sentence + (run.isFollowing ? '' : ' Control run: nobody follows the commitments.'),
    );
    for (const step of steps) step.show(state);
  }
}

/** @param {import('../../state.ts').RunState} run */
function progressWords(run) {
  if (run.phase === 'ended')
    return `Ended after ${run.currentInterval - run.firstInterval} intervals`;
  const at = Math.min(run.intervalCount, run.currentInterval - run.firstInterval + 1);
  const pace =
    run.secondsPerInterval === 'max' ? 'as fast as it goes' : `${run.secondsPerInterval} s each`;
  return `Interval ${at} of ${run.intervalCount}, ${pace}`;
}

/** @param {string} stage @param {string} name @param {string} about */
function createStep(stage, name, about) {
  const sign = mark('starting');
  const bar = el('span', {});
  const done = el('span', { class: 'step-done' });
  const when = el('span', { class: 'step-when' });
  const node = el(
    'li',
    { title: about, 'data-stage': stage },
    el('span', { class: 'step-name' }, sign.node, el('b', {}, name)),
    el('span', { class: 'track', 'aria-hidden': 'true' }, bar),
    el('span', { class: 'step-line' }, done, when),
  );
  return { node, show };

  /** @param {import('../../state.ts').CommunityState} state */
  function show({ life, run }) {
    const step = life.find((one) => one.stage === stage);
    if (!step) return;
    const isDone = step.of > 0 && step.done >= step.of;
    const isUnderWay = !isDone && step.done > 0;
    node.dataset.progress = isDone ? 'done' : isUnderWay ? 'under-way' : 'waiting';
    sign.show(isDone ? 'ok' : isUnderWay ? 'under-way' : 'starting');
    setShare(bar, step.of > 0 ? step.done / step.of : 0);
    const start = step.interval === null ? null : step.interval * run.intervalSeconds;
    setText(when, start === null ? '' : clock(start, run.zone));
    setText(done, step.of > 0 ? `${step.done} of ${step.of}` : 'none yet');
  }
}
