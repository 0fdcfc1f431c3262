-- KEYS: the members, then the feeds. ARGV: the id of the member, the maximum number of new claims, then an id for each
-- feed. Returns a row for each feed that is held or taken, with the number of its key.
local id, at_most = ARGV[1], tonumber(ARGV[2])
local now = clock()
local members = read_members(KEYS[1], now)
local granted, rows = 0, {}
for i = 2, #KEYS do
  local key, wanted, feed = KEYS[i], ARGV[i + 1], read_feed(KEYS[i])
  local holder = feed.member and members[feed.member]
  local state
  if feed.claim == wanted then
    state = 'held'
  elseif feed.claim and holder and holder.is_active then
    state = 'taken'
  elseif granted < at_most then
    state, granted = 'held', granted + 1
    feed.claim, feed.member = wanted, id
    feed.fence, feed.tries = math.max(now, feed.fence + 1), feed.tries + 1
    redis.call('HSET', key, 'form', FORM, 'claim', wanted, 'member', id)
    redis.call('HSET', key, 'fence', text(feed.fence), 'tries', text(feed.tries))
  end
  if state then
    table.insert(rows, {
      text(i - 2), state, feed.claim, feed.member or '', text(feed.fence), text(feed.tries), feed.seq, feed.checkpoint,
    })
  end
end
return rows
