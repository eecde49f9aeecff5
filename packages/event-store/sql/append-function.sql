-- The door for any program: select headwater.append('pot-1', '[{"type": "Saved", "data": {…}}]', expected => 3), called last in a
-- transaction of level read committed. An event may also have id, schemaVersion and occurredAt. Answers the last event's position.
create function headwater.append(
  stream text, events json, expected bigint default null,
  correlation text default null, causation text default null, traceparent text default null
) returns bigint language plpgsql as $$
declare
  fallback text := gen_random_uuid()::text;
  prepared json;
  given_ids text[];
  size integer;
  wrong text;
  outcome record;
begin
  if append.stream !~ '^[a-z][a-z0-9_]{0,62}-[^[:cntrl:]"\\]{1,200}$' then
    raise exception 'Expected a stream like "pot-1", got "%".', append.stream using errcode = 'HW004';
  end if;
  select
    json_agg(json_build_object(
      'part', 1, 'nth', e.number, 'id', coalesce(e.id, gen_random_uuid()::text), 'type', e.type, 'schema', coalesce(e."schemaVersion", 1),
      'occurred', to_char(coalesce(e."occurredAt", headwater.clock()::timestamptz) at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'correlation', coalesce(append.correlation, fallback),
      'causation', coalesce(append.causation, append.correlation, fallback), 'trace', append.traceparent, 'data', e.data
    ) order by e.number),
    coalesce(array_agg(e.id) filter (where e.id is not null), '{}'),
    count(*),
    min(format('event %s', e.number)) filter (
      where e.type is null or e.type !~ '^[A-Z][A-Za-z0-9]{0,99}$' or e.data is null or length(e.data::text) > 1048576
        or concat(e.id, append.correlation, append.causation, append.traceparent) ~ '[[:cntrl:]"\\]'
        or greatest(length(e.id), length(append.correlation), length(append.causation), length(append.traceparent)) > 255
    )
  into prepared, given_ids, size, wrong
  -- Line ends can stand between values only; events are served as lines.
  from rows from (json_to_recordset(translate(append.events::text, e'\r\n', '  ')::json) as (
    id text, type text, "schemaVersion" integer, "occurredAt" timestamptz, data json
  )) with ordinality as e(id, type, "schemaVersion", "occurredAt", data, number);
  if wrong is not null or size = 0 or cardinality(given_ids) > (select count(distinct given) from unnest(given_ids) given) then
    raise exception 'Expected [{"type": "Saved", "data": {…}}, …] with names of plain characters, data of at most 1048576 characters and ids that differ, got %.',
      coalesce(wrong || ' of another shape', case when size = 0 then 'no event' else 'an id twice' end) using errcode = 'HW004';
  end if;
  select * into outcome from headwater.append_strict(
    array[append.stream], array[append.expected], array[size], prepared, null, given_ids
  );
  return coalesce((outcome.results -> 0 ->> 'last')::bigint, outcome.last_before + size);
end
$$
