-- KEYS: the feeds. ARGV: for each of them the id of the claim, the number of the save, and the checkpoint. Returns 1
-- for each feed whose claim is the current one, and 0 for the others.
local results = {}
for i, key in ipairs(KEYS) do
  local id, seq, checkpoint = ARGV[3 * i - 2], ARGV[3 * i - 1], ARGV[3 * i]
  local feed = read_feed(key)
  local is_held = feed.claim == id
  if is_held and is_greater(seq, feed.seq) then
    redis.call('HSET', key, 'seq', seq, 'checkpoint', checkpoint, 'tries', '1')
  end
  results[i] = is_held and 1 or 0
end
return results
