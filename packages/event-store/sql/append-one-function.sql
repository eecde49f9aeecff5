-- Appends one new event to one stream: what append_batch does, in the fewest statements. Its id must never have been sent before.
-- Answers the event's position and version; on a conflict no position, and the version the stream is at.
create function headwater.append_one(
  stream text, expected bigint, id text, type text, schema integer, occurred text,
  correlation text, causation text, trace text, data json,
  out "position" bigint, out version bigint
) language plpgsql
-- A plan is kept for as long as its session, also one made while the table was empty.
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  recorded text collate "C";
begin
  -- Before anything is looked at, and the last lock a transaction takes. The statements after it see all that was committed before.
  perform pg_advisory_xact_lock(hashtextextended('headwater.event', 0));

  select e.position, e.recorded_at into append_one.position, recorded
  from headwater.event e order by e.position desc limit 1;

  select e.version into append_one.version
  from headwater.event e where e.stream = append_one.stream order by e.version desc limit 1;

  append_one.version := coalesce(append_one.version, 0);
  if append_one.version <> append_one.expected then
    append_one.position := null;
    return;
  end if;
  append_one.position := coalesce(append_one.position, 0) + 1;
  append_one.version := append_one.version + 1;
  insert into headwater.event (
    position, stream, version, id, type, schema_version, occurred_at, recorded_at,
    correlation_id, causation_id, traceparent, data
  ) values (
    append_one.position, append_one.stream, append_one.version, append_one.id, append_one.type, append_one.schema, append_one.occurred,
    greatest(headwater.clock(), recorded),
    append_one.correlation, append_one.causation, append_one.trace, append_one.data
  );
end
$$
