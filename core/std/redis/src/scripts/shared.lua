-- In front of the other scripts. Numbers in Redis are text: Lua writes large ones with an exponent otherwise.

-- The version of the form that is written, and the newest that can be read.
local FORM = 1

local function text(number)
  return string.format('%.0f', number)
end

local function clock()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

-- Compares whole numbers as text: those above 2^53 are not exact as numbers of Lua.
local function is_greater(one, other)
  if #one ~= #other then
    return #one > #other
  end
  return one > other
end

local function write_member(key, member)
  redis.call('HSET', key, member.id, text(member.joined) .. ' ' .. text(member.beaten) .. ' ' .. text(member.lease))
end

-- Returns the members by their ids. A renewal that is ahead of the clock becomes one of now.
local function read_members(key, now)
  local fields, members = redis.call('HGETALL', key), {}
  for i = 1, #fields, 2 do
    local joined, beaten, lease = string.match(fields[i + 1], '^(%d+) (%d+) (%d+)$')
    if not joined then
      error('DAMAGED ' .. key, 0)
    end
    local member = { id = fields[i], joined = tonumber(joined), beaten = tonumber(beaten), lease = tonumber(lease) }
    if member.beaten > now then
      member.beaten = now
      write_member(key, member)
    end
    member.is_active = now - member.beaten < member.lease
    members[member.id] = member
  end
  return members
end

-- Returns the record of a feed; an empty one if there is none.
local function read_feed(key)
  local fields = redis.call('HMGET', key, 'form', 'claim', 'member', 'fence', 'tries', 'seq', 'checkpoint')
  local form, fence, tries = tonumber(fields[1] or '0'), tonumber(fields[4] or '0'), tonumber(fields[5] or '0')
  if not (form and fence and tries) then
    error('DAMAGED ' .. key, 0)
  end
  if form > FORM then
    error('NEWER ' .. key, 0)
  end
  return {
    claim = fields[2],
    member = fields[3],
    fence = fence,
    tries = tries,
    seq = fields[6] or '0',
    checkpoint = fields[7],
  }
end
