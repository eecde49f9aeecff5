select
  position, id, stream, version, type, schema_version, data::text,
  to_char(occurred_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  to_char(recorded_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  correlation_id, causation_id, traceparent
from headwater.event
where stream = $1 and version >= $2 and version <= $3
order by version
