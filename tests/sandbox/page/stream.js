// The stream of events. A browser opens six connections for each host, so that one tab holds the stream for all.

const CHANNEL = 'teamwire-sandbox';

/**
 * Receives events after a position, and loses none. `receive(id, name, data)`; `connected(isConnected)`; `crowded()`
 * if there is hardly a connection left.
 */
export function follow(position, receive, connected, crowded) {
  let last = position;
  const deliver = (id, name, data) => {
    const [boot, seq] = id.split('.');
    const [lastBoot, lastSeq] = last.split('.');
    const isOld = boot === lastBoot && Number(seq) <= Number(lastSeq);
    if (isOld && name !== 'resync') return;
    last = id;
    receive(id, name, data);
  };

  const NAMES = ['hello', 'resync', 'organisation', 'badges', 'chat', 'message', 'message_deleted', 'reaction', 'read', 'location',
    'request_begun', 'request_ended', 'feeds', 'faults', 'outage', 'clock'];

  /** Opens the stream. Each event is passed on to the other tabs. */
  const open = (pass) => {
    let source;
    const start = () => {
      source = new EventSource(`/sandbox/api/events?after=${encodeURIComponent(last)}`);
      for (const name of NAMES) {
        source.addEventListener(name, (event) => {
          const data = JSON.parse(event.data);
          pass?.({ id: event.lastEventId, name, data });
          deliver(event.lastEventId, name, data);
        });
      }
      source.onopen = () => { connected(true); pass?.({ connected: true }); };
      source.onerror = () => {
        connected(false);
        pass?.({ connected: false });
        source.close();
        setTimeout(start, 1000);
      };
    };
    start();
  };

  const channel = new BroadcastChannel(CHANNEL);
  // Without a secure context there are no locks, and each tab has a stream of its own.
  if (!navigator.locks) {
    const mine = Math.random();
    let others = 0;
    channel.onmessage = ({ data }) => {
      if (data.from) channel.postMessage({ to: data.from });
      if (data.to === mine && ++others === 4) crowded();
    };
    channel.postMessage({ from: mine });
    return open();
  }
  channel.onmessage = ({ data }) => {
    if (data.id) deliver(data.id, data.name, data.data);
    else connected(data.connected);
  };
  navigator.locks.request(CHANNEL, () => {
    open((it) => channel.postMessage(it));
    // The lock is kept until the tab is closed; then the next tab holds the stream.
    return new Promise(() => {});
  });
}
