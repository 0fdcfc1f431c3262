-- KEYS: the members. ARGV: the id of the member.
redis.call('HDEL', KEYS[1], ARGV[1])
return 0
