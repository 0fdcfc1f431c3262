// A world in which each part of the page has something to show.

import { deflateSync } from 'node:zlib';
import { wav } from './sandbox.js';

const DAY = 864e5;

/** A PNG of these pixels: `colour(x, y)` from 0 to 1 returns red, green and blue. */
function png(width, height, colour) {
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) rows.set(colour(x / width, y / height), y * (1 + width * 3) + 1 + x * 3);
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length);
    ends.writeUInt32BE(crc(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const head = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

function crc(bytes) {
  let value = -1;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return ~value >>> 0;
}

const HALLS = [[[158, 182, 204], [96, 120, 132], [60, 84, 96]], [[200, 178, 152], [140, 112, 84], [88, 72, 52]], [[178, 196, 180], [108, 138, 108], [70, 92, 74]], [[168, 166, 196], [104, 102, 140], [66, 66, 96]]];

/** A pump in a hall: sky, ground, machine and lamp. */
export const hall = (which) => {
  const [sky, ground, machine] = HALLS[which % HALLS.length];
  return png(240, 180, (x, y) => {
    if (Math.hypot(x - 0.06, (y - 0.3) * 0.75) < 0.08) return [248, 214, 130];
    if (x > 0.34 && x < 0.66 && y > 0.34 && y < 0.78) return machine;
    return y > 0.6 + 0.05 * Math.sin(x * 9) ? ground : sky;
  });
};

const LEAK = (images, sound, plan, page) => [
  { kind: 'live_location', initial_lat: 53.5519, initial_lon: 10.0011, duration: 3600 },
  { kind: 'location', name: 'Valve chamber 17', lat: 53.5511, lon: 9.9937, address: 'Hafenstrasse 12', postal_code: '20457', city: 'Hamburg', country: 'Germany' },
  { kind: 'gallery', images },
  { kind: 'poll', question: 'Who takes the night stand-by on Friday?', options: ['David', 'Emma', 'Ask the field team'], multiple_choice: false },
  { kind: 'calendar', title: 'Pump 3: seal replacement', start: '2026-11-27T06:30:00.000Z', end: '2026-11-27T09:00:00.000Z', location: 'Pump station North, hall B', description: 'Two people, lock-out kit, spare seal 40-113.' },
  { kind: 'sound', asset: sound }, { kind: 'file', asset: plan }, { kind: 'file', asset: page },
];

/** Arms a fault for the next message of the bot. */
const arm = (sandbox) => sandbox.control('POST', '/faults', { kind: 'cut_after', method: 'POST', path: '/v1/chats/*/messages', times: 1 });

/** Fills a sandbox, and returns some of its chats. */
export async function fill(sandbox) {
  const pass = (ms) => sandbox.control('POST', '/clock/advance', { ms });
  const chat = (uid, draft) => sandbox.control('POST', `/people/${uid}/chats`, draft);
  const asset = async (...file) => (await sandbox.asset(...file)).id;
  const react = (uid, mid, reaction_type) => sandbox.control('PUT', `/people/${uid}/chats/t-lobby/messages/${mid}/reaction`, { reaction_type });
  const read = (uid, tid = 't-lobby') => sandbox.control('POST', `/people/${uid}/chats/${tid}/read`);

  const night = await chat('u-ben', { type: 'group', title: 'Night shift, week 47', users: ['u-anna'] });
  await sandbox.as('u-ben', { msg: 'Handed over.' }, night.tid);
  await sandbox.control('POST', `/people/u-ben/chats/${night.tid}/close`);
  await read('u-anna', night.tid);
  await pass(2 * DAY);
  const clara = await chat('u-anna', { type: 'one_to_one', recipient: 'u-clara' });
  await sandbox.as('u-anna', { msg: 'Thanks!' }, clara.tid);
  const storm = await chat('u-ben', { type: 'group', title: 'Storm desk', users: ['u-anna', 'u-emma'] });
  for (let at = 0; at < 12; at += 1) await sandbox.as('u-ben', { msg: 'Gale warning from 18:00 for the whole coast.' }, storm.tid);
  await pass(1.2 * DAY);
  const direct = await sandbox.bot('POST', '/v1/chats', { type: 'one_to_one', recipient: 'u-anna' });
  await sandbox.post({ msg: 'Good morning, Anna. 3 open tickets, nothing urgent.' }, direct.tid);
  await sandbox.as('u-anna', { msg: 'Thanks. Tell me when 4698 is closed.' }, direct.tid);
  await sandbox.post({ msg: 'Ticket 4698 was closed by Greta. Spare part 40-113 is booked on station North.', alert_type: 'note' }, direct.tid);
  await read('u-anna', direct.tid);

  const north = await sandbox.bot('POST', '/v1/chats', { type: 'group', title: 'Pump station North', users: ['u-anna', 'u-david', 'u-emma'] });
  const images = [];
  for (let at = 0; at < 7; at += 1) images.push(await asset(`hall-${at + 1}.png`, 'image/png', hall(at)));
  const plan = await asset('Shift plan, week 48.pdf', 'application/pdf', new Uint8Array(214_000));
  const sound = await asset('pump3-bearing.wav', 'audio/wav', wav(184_000));
  const page = await asset('invoice\u202efdp.html', 'text/html', new Uint8Array(3000));
  await sandbox.post({ msg: 'Everything on the leak at pump 3.', attachments: LEAK(images, sound, plan, page) }, north.tid);
  await pass(6e5);

  const notice = await sandbox.post({ msg: 'Maintenance window tonight, 22:00 to 23:30 UTC. Telemetry of pumps 1 to 4 will be late.', alert_type: 'announcement' });
  for (const [uid, kind] of [['u-anna', 'thumbs_up'], ['u-ben', 'thumbs_up'], ['u-clara', 'applause']]) await react(uid, notice.mid, kind);
  await pass(24e4);
  await sandbox.as('u-clara', { msg: 'Pressure on line 3 drops faster than the forecast says. Is that the filter again?' });
  await pass(18e4);
  const alert = await sandbox.post({ msg: 'Pump 3 is down. Pressure 1.2 bar and falling.', alert_type: 'alert', sender_display_name: 'Pump monitor' });
  for (const uid of ['u-anna', 'u-ben']) await react(uid, alert.mid, 'ok');
  await read('u-anna');
  await pass(12e4);
  await sandbox.as('u-ben', { msg: 'On my way to hall B.', reply_to: alert.mid });
  await pass(6e4);
  await sandbox.control('POST', '/faults', { kind: 'status', status: 503, retry_after: 2, method: 'GET', path: '/v1/groups', times: 1 });
  await sandbox.bot('GET', '/v1/groups').catch(() => {});
  await sandbox.control('PATCH', '/switches', { read_receipts: false });
  await sandbox.bot('GET', `/v1/chats/t-lobby/readers`).catch(() => {});
  await sandbox.control('PATCH', '/switches', { read_receipts: true });
  for (let step = 1; step < 6; step += 1) await sandbox.bot('PUT', '/v1/location', { lat: 53.5519 + (step % 2 ? 1 : 0.4) * step * 0.001, lon: 10.0011 + step * 0.004 });
  await arm(sandbox);
  const ticket = { msg: 'Ticket 4711 is open, with the shift plan.', attachments: [{ kind: 'file', asset: plan }] };
  const key = { 'idempotency-key': '7f3a9c51d0e84b6e' };
  await sandbox.bot('POST', '/v1/chats/t-lobby/messages', ticket, key).catch(() => {});
  await sandbox.control('DELETE', '/faults');
  await sandbox.bot('POST', '/v1/chats/t-lobby/messages', ticket, key);
  await read('u-ben');
  await arm(sandbox);
  return { north: north.tid, direct: direct.tid, storm: storm.tid };
}

/** Polls two feeds of the bot until the sandbox ends. */
export async function poll(sandbox) {
  const { id, cursor } = await sandbox.bot('PUT', '/v1/reactions/subscriptions');
  const updates = await sandbox.bot('GET', '/v1/messages/updates');
  const follow = async (path, from) => {
    for (let at = from; ;) at = (await sandbox.bot('GET', `${path}cursor=${at}`)).cursor;
  };
  for (const [path, from] of [['/v1/messages/updates?wait=25&', updates.cursor], [`/v1/reactions/updates?wait=25&subscription=${id}&`, cursor]]) follow(path, from).catch(() => {});
}
