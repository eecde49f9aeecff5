select
  position, id, stream, version, type, schema_version, data::text,
  occurred_at, recorded_at,
  correlation_id, causation_id, traceparent
from headwater.event
where position > $1 and position <= $2 and ($3::text[] is null or type = any($3))
order by position
limit $4
