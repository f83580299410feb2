-- A visit of a venue's request budget: the rules of VenueState::visit (crate budget-shared), in one
-- atomic step. Times are whole milliseconds. A test holds both to the same answers.
--
-- KEYS[1]: a hash with the venue's state:
--   seen, away      when it was last visited; until when to stay away, or 0
--   r:BUCKET        what was granted of a limit: amount, window, then time and cost of each entry
--   c:LANE          who waits: claims of the first of each process's queue
-- ARGV: see encode.rs. Answer: see decode there.

local key = KEYS[1]
local place = 0
local function text() place = place + 1; return ARGV[place] end
local function number() return tonumber(text()) end

local EVEN, LEASE, POLL, BOUNDED = number(), number(), number(), number()
local MANY_RINGS, SLACK_PART, MAX_SLACK, STEPS = 64, 50, 1000, 240

local given = text()
local now
if given == '' then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
else
  now = tonumber(given)
end
local lane, member, known, away_for = text(), text(), number(), number()

-- rings -----------------------------------------------------------------------------------------

local function kept(ring) return ring[2] + math.min(math.floor(ring[2] / SLACK_PART), MAX_SLACK) end
local function step(ring) return math.max(math.floor(ring[2] / STEPS), 1) end

local function expire(ring)
  local length, gone, span = #ring, 0, kept(ring)
  while 3 + gone <= length and ring[3 + gone] + span <= now do gone = gone + 2 end
  if gone > 0 then
    for i = 3, length do ring[i] = ring[i + gone] end
  end
end

local function total(ring)
  local sum = 0
  for i = 4, #ring, 2 do sum = sum + ring[i] end
  return sum
end

-- where the first entry lies that ends after `at`
local function place_of(ring, at)
  local i = #ring - 1
  while i >= 3 and ring[i] > at do i = i - 2 end
  return i + 2
end

local function take(ring, at, cost)
  if cost <= 0 then return end
  local i, width = place_of(ring, at), step(ring)
  if ring[i] and ring[i] <= at + width then
    ring[i + 1] = ring[i + 1] + cost
  else
    table.insert(ring, i, cost)
    table.insert(ring, i, (math.floor(at / width) + 1) * width)
  end
end

local function give_back(ring, at, cost)
  local i = place_of(ring, at)
  if ring[i] and ring[i] <= at + step(ring) then
    ring[i + 1] = math.max(ring[i + 1] - cost, 0)
    if ring[i + 1] == 0 then
      table.remove(ring, i)
      table.remove(ring, i)
    end
  end
end

local function raise(ring, sent, used)
  sent = math.min(sent, now)
  if sent + kept(ring) <= now then return end
  local sum, last = 0, sent + step(ring)
  for i = 3, #ring, 2 do
    if ring[i] > last then break end
    sum = sum + ring[i + 1]
  end
  take(ring, sent, used - sum)
end

local function earliest_of(ring, sum, cost)
  local amount = ring[1]
  local windows = math.floor((cost - 1) / math.max(amount, 1))
  local over, at = sum + cost - windows * amount - amount, now
  local i = 3
  while over > 0 and ring[i] do
    over = over - ring[i + 1]
    if over <= 0 then at = math.max(now, ring[i] + kept(ring)) end
    i = i + 2
  end
  return at + ring[2] * windows
end

local function used_of(ring)
  local sum = 0
  for i = #ring - 1, 3, -2 do
    if ring[i] + ring[2] <= now then break end
    sum = sum + ring[i + 1]
  end
  return sum
end

-- the state, brought to now ---------------------------------------------------------------------

local function load(field)
  local bytes = redis.call('HGET', key, field)
  return bytes and cmsgpack.unpack(bytes)
end
local function save(field, value) redis.call('HSET', key, field, cmsgpack.pack(value)) end

local seen = tonumber(redis.call('HGET', key, 'seen') or '0')
local away = tonumber(redis.call('HGET', key, 'away') or '0')
local lost = known > seen

-- The clock was set back (another server took over): everything goes with it, so that what was
-- granted is taken for younger than it is, never for older.
if seen > now then
  local back = seen - now
  if away > 0 then away = away - back end
  for _, field in ipairs(redis.call('HKEYS', key)) do
    local kind = string.sub(field, 1, 2)
    if kind == 'r:' then
      local ring = load(field)
      for i = 3, #ring, 2 do ring[i] = ring[i] - back end
      save(field, ring)
    elseif kind == 'c:' then
      local moved = load(field)
      for _, claim in ipairs(moved) do
        claim[3], claim[5], claim[7] = claim[3] - back, claim[5] - back, claim[7] - back
      end
      save(field, moved)
    end
  end
end
seen = now
if away <= now then away = 0 end
if away_for >= 0 then away = math.max(away, now + away_for) end

-- what the process tells ------------------------------------------------------------------------

local terms, by_bucket = {}, {}
for i = 1, number() do
  local bucket, amount, window, weighted = text(), number(), number(), text() == '1'
  local ring = load('r:' .. bucket) or { amount, window }
  ring[1], ring[2] = amount, window
  expire(ring)
  terms[i] = { bucket = bucket, ring = ring, weighted = weighted }
  by_bucket[bucket] = ring
end
for _ = 1, number() do
  local at, weight = number(), number()
  for _, term in ipairs(terms) do give_back(term.ring, at, term.weighted and weight or 1) end
end
for _ = 1, number() do
  local bucket, sent, used = text(), number(), number()
  if by_bucket[bucket] then raise(by_bucket[bucket], sent, used) end
end
for _, term in ipairs(terms) do term.total = total(term.ring) end

-- who waits -------------------------------------------------------------------------------------

local asking = text() == '1'
-- a claim: member, purpose, since, waiting, earliest, the limit it waits for or '', expires
local claims = {}
for _, claim in ipairs(load('c:' .. lane) or {}) do
  if claim[7] > now and not (asking and claim[1] == member) then claims[#claims + 1] = claim end
end

local function ahead(purpose, waited)
  local since, lead = now - waited, nil
  for _, claim in ipairs(claims) do
    local before = claim[2] < purpose or (claim[2] == purpose and claim[3] + EVEN < since)
    if before and (claim[6] == '' or by_bucket[claim[6]]) then
      lead = math.max(lead or claim[5], claim[5])
    end
  end
  return lead
end

local function has_room(weight)
  if away > 0 then return false end
  for _, term in ipairs(terms) do
    if term.total + (term.weighted and weight or 1) > term.ring[1] then return false end
  end
  return true
end

local function earliest(count, weight)
  local at, on = math.max(now, away), ''
  for _, term in ipairs(terms) do
    local term_at = earliest_of(term.ring, term.total, term.weighted and weight or count)
    if term_at > at then at, on = term_at, term.bucket end
  end
  return at, on
end

local granted, claimed, next_visit, not_before = 0, 0, now, {}
if asking then
  local waiting, asks = number(), {}
  for i = 1, number() do asks[i] = { number(), number(), number(), number() } end
  local lead
  while asks[granted + 1] and not lost do
    local ask = asks[granted + 1]
    lead = ahead(ask[1], ask[2])
    if lead or not has_room(ask[4]) then break end
    for _, term in ipairs(terms) do
      local cost = term.weighted and ask[4] or 1
      take(term.ring, now, cost)
      term.total = term.total + cost
    end
    granted = granted + 1
  end
  local first = asks[granted + 1]
  if first then
    local weight, on = 0, ''
    for count = 1, math.min(BOUNDED, #asks - granted) do
      weight = weight + asks[granted + count][4]
      local at, by = earliest(count, weight)
      not_before[count] = at
      if count == 1 then on = by end
    end
    local at = not_before[1]
    if lost then next_visit = now
    elseif lead then next_visit = math.max(at, math.max(lead, now) + POLL)
    else next_visit = at end
    local patience = first[3]
    if patience > 0 and at - now <= patience then
      claimed = 1
      claims[#claims + 1] =
        { member, first[1], now - first[2], math.max(waiting - granted, 0), at, on, now + LEASE }
    end
  end
end

-- kept, and told --------------------------------------------------------------------------------

local used, longest = {}, LEASE
for i, term in ipairs(terms) do
  save('r:' .. term.bucket, term.ring)
  used[i] = used_of(term.ring)
  longest = math.max(longest, kept(term.ring))
end
if #claims > 0 then save('c:' .. lane, claims) else redis.call('HDEL', key, 'c:' .. lane) end
redis.call('HSET', key, 'seen', seen, 'away', away)
if redis.call('HLEN', key) > MANY_RINGS + 4 then
  -- addresses and keys come and go
  for _, field in ipairs(redis.call('HKEYS', key)) do
    local bucket = string.sub(field, 3)
    if string.sub(field, 1, 2) == 'r:' and not by_bucket[bucket] then
      local ring = load(field)
      expire(ring)
      if #ring <= 2 then redis.call('HDEL', key, field) end
    end
  end
end
-- a venue that nobody asks any more is forgotten when nothing of it counts
local stays = math.max(2 * longest, away - now + LEASE)
if redis.call('PTTL', key) < stays then redis.call('PEXPIRE', key, stays) end

local elsewhere = 0
for _, claim in ipairs(claims) do
  if claim[1] ~= member then elsewhere = elsewhere + claim[4] end
end
return { now, granted, claimed, lost and 1 or 0, away, elsewhere, next_visit, not_before, used }
