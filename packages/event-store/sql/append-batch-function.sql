-- Appends many at once, each all or nothing. A part is one stream of one append; parts[i] has appends[i] (1, 2, 3…), streams[i],
-- expected[i] (null: any) and sizes[i] events. Events come in order of their parts. A stream and an event id occur once in a batch.
-- Answers the last position before the batch, the version of each part's stream before it, and, unless all were appended as new,
-- a result for each append.
create function headwater.append_batch(
  appends integer[], streams text[], expected bigint[], sizes integer[], events json, rows json, ids_to_check text[],
  out last_before bigint, out heads bigint[], out results json
) language plpgsql
-- A plan is kept for as long as its session, also one made while the table was empty.
set enable_seqscan = off
as $$
declare
  recorded text collate "C";
  fits boolean;
  accepted boolean[];
  shifts bigint[];
begin
  -- Before anything is looked at, and the last lock a transaction takes. The statements after it see all that was committed before.
  perform pg_advisory_xact_lock(hashtextextended('headwater.event', 0));

  select e.position, e.recorded_at into last_before, recorded from headwater.event e order by e.position desc limit 1;
  last_before := coalesce(last_before, 0);
  recorded := greatest(headwater.clock(), recorded);

  select array_agg(part.head), bool_and(coalesce(part.head = part.expected, true)) into heads, fits
  from (
    select expected[number] as expected, coalesce((
      select e.version from headwater.event e where e.stream = streams[number] order by e.version desc limit 1
    ), 0) as head
    -- Not unnest: knowing the array's length, the planner would think each call worth a plan of its own.
    from generate_subscripts(streams, 1) number
    offset 0 -- keeps the look-up from being done once for each use
  ) part;

  if cardinality(ids_to_check) > 0 then
    fits := fits and not exists (select from headwater.event e where e.id = any(ids_to_check));
  end if;
  if not fits then
    select checked.accepted, checked.shifts, checked.results into accepted, shifts, results
    from headwater.check_batch(appends, streams, expected, sizes, events, ids_to_check, last_before, heads) checked;
  end if;

  insert into headwater.event (
    position, stream, version, id, type, schema_version, occurred_at, recorded_at,
    correlation_id, causation_id, traceparent, data
  )
  select
    last_before + e.number - coalesce(shifts[appends[e.part]], 0), streams[e.part], heads[e.part] + e.nth,
    e.id, e.type, e.schema, e.occurred, recorded, e.correlation, e.causation, e.trace, e.data
  from rows from (json_to_recordset(events) as (
    part integer, nth integer, id text, type text, schema integer, occurred text, correlation text, causation text,
    trace text, data json
  )) with ordinality as e(part, nth, id, type, schema, occurred, correlation, causation, trace, data, number)
  where accepted is null or accepted[appends[e.part]];

  if rows is not null then
    perform headwater.put_rows(rows, accepted);
  end if;
end
$$
