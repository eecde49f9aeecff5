-- Runs of events of a stream, one after the other. A function that is volatile sees what the call before it did.
select count(headwater.append(
  run.stream, run.events::json, correlation => run.correlation, causation => run.causation, traceparent => run.trace
)) from rows from (json_to_recordset($1::json) as (
  stream text, correlation text, causation text, trace text, events text
)) with ordinality as run(stream, correlation, causation, trace, events, number)
