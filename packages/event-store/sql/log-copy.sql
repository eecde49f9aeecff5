-- CloudEvents JSON, one a line. Names hold nothing that JSON would escape, and data is JSON without line ends. Concatenated, which
-- takes a quarter less time than `format`.
copy (
  select
    '{"specversion":"1.0","id":"' || id || '","source":"' || $source || '","type":"' || type || '","subject":"' || stream ||
    '","time":"' || occurred_at || '","datacontenttype":"application/json","position":' || position || ',"streamversion":' || version ||
    ',"schemaversion":' || schema_version || ',"recordedtime":"' || recorded_at || '","correlationid":"' || correlation_id ||
    '","causationid":"' || causation_id || coalesce('","traceparent":"' || traceparent, '') || '","data":' || data || E'}\n'
  from headwater.event
  where position > $after and position <= $upTo and ($types::text[] is null or type = any($types))
  order by position
) to stdout (format binary)
