select
  position, id, stream, version, type, schema_version, data::text,
  occurred_at, recorded_at,
  correlation_id, causation_id, traceparent
from headwater.event
where stream = $1 and version >= $2 and version <= $3
order by version
