"""What Redis does in one step: nobody sees the middle of it.

Every key begins with the same word in braces, so that a cluster keeps them in one place.
"""

from __future__ import annotations

REPLACE = """
local known = redis.call('GET', KEYS[1])
if (known or '') ~= ARGV[1] then return 0 end
if ARGV[3] == '' then redis.call('SET', KEYS[1], ARGV[2])
else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1
"""
"""A text, if it still is the one given (empty: none). Arguments: old, new, life in milliseconds or empty."""

SHELVE = """
local known = redis.call('GET', KEYS[1])
if ARGV[1] ~= '*' and (known or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
if not known then
  local count = redis.call('RPUSH', KEYS[2], KEYS[1])
  while count > tonumber(ARGV[4]) do
    redis.call('DEL', redis.call('LPOP', KEYS[2]))
    count = count - 1
  end
end
return 1
"""
"""The same for one of a list's texts, of which there are so many at most; those kept first go.

Keys: the text, the list. Arguments: old (`*`: whatever it is), new, life in milliseconds, texts at most.
"""

TAKE = """
local given = {}
for i = 1, #KEYS do
  local key, limit = ARGV[2 * i], ARGV[2 * i + 1]
  local count = tonumber(redis.call('HGET', KEYS[i], key) or '0')
  if limit ~= '' and count >= tonumber(limit) then
    given[i] = 0
  else
    if count == 0 and redis.call('HLEN', KEYS[i]) >= tonumber(ARGV[1]) then redis.call('DEL', KEYS[i]) end
    given[i] = redis.call('HINCRBY', KEYS[i], key, 1)
  end
end
return given
"""
"""The next numbers of counts, each 0 beyond its limit.

Arguments: keys of a count at most; for each of the counts its key, and its limit or empty.
"""

ADMIT = """
local now, window = tonumber(ARGV[1]), tonumber(ARGV[3])
local seen, gone = redis.call('LRANGE', KEYS[1], 0, -1), 0
for _, one in ipairs(seen) do
  if tonumber(one) > now - window and tonumber(one) <= now + 1 then break end
  gone = gone + 1
end
if gone > 0 then redis.call('LTRIM', KEYS[1], gone, -1) end
if #seen - gone >= tonumber(ARGV[2]) then return seen[gone + 1] end
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], math.ceil(window * 1000) + 3600000)
return false
"""
"""Nothing when a request is within a rate and was counted, else the time of the first in its way.

Arguments: now, count, window, in seconds. Another worker's clock may be up to a second ahead.
"""

KEEP = """
if ARGV[5] ~= '' and (redis.call('GET', KEYS[4]) or '0') ~= ARGV[5] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[6])
redis.call('RPUSH', KEYS[2], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[6])
redis.call('INCR', KEYS[4])
redis.call('PEXPIRE', KEYS[4], ARGV[6])
redis.call('RPUSH', KEYS[3], ARGV[3] .. ' ' .. ARGV[1] .. ' ' .. KEYS[2])
while true do
  local head = redis.call('LINDEX', KEYS[3], 0)
  local at, id, list = string.match(head, '^(%S+) (%S+) (.*)$')
  local old = tonumber(ARGV[3]) - tonumber(at) >= tonumber(ARGV[8])
  if not old and redis.call('LLEN', KEYS[3]) <= tonumber(ARGV[4]) then return 1 end
  redis.call('LPOP', KEYS[3])
  redis.call('DEL', ARGV[7] .. id)
  redis.call('LREM', list, 1, id)
end
"""
"""A new task, in the list of its owner and in that of all; those too old or too many go.

Keys: the task, the owner's list, the list of all, how many the owner submitted. Arguments: id, text, time of
submission, tasks at most, the owner's number as it should be or empty, life in milliseconds, what stands
before an id in a task's key, age in seconds at which tasks go.
"""

_NOTING = """
local texts, size = {}, 0
local number = redis.call('INCRBY', KEYS[3], #ARGV - before) - #ARGV + before
for i = 1, #ARGV - before do
  texts[i] = (number + i) .. ' ' .. ARGV[i + before]
  size = size + #texts[i]
end
local count = redis.call('RPUSH', KEYS[1], unpack(texts))
local bytes = redis.call('INCRBY', KEYS[2], size)
while count > 1 and (count > tonumber(ARGV[1]) or bytes > tonumber(ARGV[2])) do
  bytes = redis.call('DECRBY', KEYS[2], #redis.call('LPOP', KEYS[1]))
  count = count - 1
end
return count
"""

NOTE = f"local before = 2{_NOTING}"
"""New entries of the journal, all or none, in their order; those kept first go when there are too many.

Keys: list, its bytes, the numbers given. Arguments: entries and bytes at most, texts (up to a thousand or so:
the stack of a script bounds them).
"""

NOTE_UNDER = f"if redis.call('GET', KEYS[4]) ~= ARGV[3] then return 0 end\nlocal before = 3{_NOTING}"
"""The same as long as a text still is the one given; else nothing, and 0.

One more key: the text. Arguments: entries and bytes at most, the text as it should be, new entries.
"""
