-- KEYS: the feeds. ARGV: for each of them the id of the claim, and the number to take from the tries.
for i, key in ipairs(KEYS) do
  local feed = read_feed(key)
  if feed.claim == ARGV[2 * i - 1] then
    redis.call('HDEL', key, 'claim', 'member')
    redis.call('HSET', key, 'tries', text(math.max(0, feed.tries - tonumber(ARGV[2 * i]))))
  end
end
return 0
