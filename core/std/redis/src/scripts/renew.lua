-- KEYS: the members. ARGV: the id of the member, its lease. Returns its `joined`, then all ids, oldest first.
local key, id, lease = KEYS[1], ARGV[1], tonumber(ARGV[2])
local now = clock()
local active, own, newest = {}, nil, 0
for _, member in pairs(read_members(key, now)) do
  if member.id == id then
    own = member
  elseif member.is_active then
    table.insert(active, member)
  else
    redis.call('HDEL', key, member.id)
  end
  if member.is_active or member.id == id then
    newest = math.max(newest, member.joined)
  end
end
local joined = own and own.is_active and own.joined or math.max(now, newest + 1)
own = { id = id, joined = joined, beaten = now, lease = lease }
write_member(key, own)
table.insert(active, own)
table.sort(active, function(one, other)
  if one.joined == other.joined then
    return one.id < other.id
  end
  return one.joined < other.joined
end)
local view = { text(joined) }
for _, member in ipairs(active) do
  table.insert(view, member.id)
end
return view
