// The stream of events. A browser opens six connections for each host, so that one tab holds the stream for all.

import { refused } from './api.js';
import { state, edit } from './state.js';

const CHANNEL = 'teamwire-sandbox';
export const LOST = 'The sandbox does not answer. Trying again …';

/** Handles events after a position by their names, and loses none. */
export function follow(position, handlers) {
  let last = position;
  const connected = (is) => edit(state.notice, { connection: is ? '' : LOST });
  const deliver = ({ id, name, data }) => {
    const [boot, seq] = id.split('.');
    const [lastBoot, lastSeq] = last.split('.');
    if (boot === lastBoot && Number(seq) <= Number(lastSeq) && name !== 'resync') return;
    last = id;
    handlers[name](data);
  };

  /** Opens the stream. Each event is passed on to the other tabs. */
  const open = (pass = () => {}) => {
    const source = new EventSource(`/sandbox/api/events?after=${encodeURIComponent(last)}`);
    const tell = (isConnected) => {
      connected(isConnected);
      pass({ isConnected });
    };
    for (const name of Object.keys(handlers)) {
      source.addEventListener(name, (event) => {
        const it = { id: event.lastEventId, name, data: JSON.parse(event.data) };
        pass(it);
        deliver(it);
      });
    }
    source.onopen = () => tell(true);
    source.onerror = () => {
      tell(false);
      source.close();
      setTimeout(open, 1000, pass);
    };
  };

  const channel = new BroadcastChannel(CHANNEL);
  // Without a secure context there are no locks, and each tab has a stream of its own.
  if (!navigator.locks) {
    const mine = Math.random();
    let others = 0;
    channel.onmessage = ({ data }) => {
      if (data.from) channel.postMessage({ to: data.from });
      if (data.to === mine && ++others === 4) refused({ message: 'This is the fifth tab. Here each holds a connection, and a browser opens six: further tabs will hang.' });
    };
    channel.postMessage({ from: mine });
    return open();
  }
  channel.onmessage = ({ data }) => (data.id ? deliver(data) : connected(data.isConnected));
  navigator.locks.request(CHANNEL, () => {
    open((it) => channel.postMessage(it));
    // The lock is kept until the tab is closed; then the next tab holds the stream.
    return new Promise(() => {});
  });
}
