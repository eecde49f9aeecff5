select
  position, id, stream, version, type, schema_version, data::text,
  to_char(occurred_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  to_char(recorded_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  correlation_id, causation_id, traceparent
from headwater.event
where position > $1 and position <= $2 and ($3::text[] is null or type = any($3))
order by position
limit $4
