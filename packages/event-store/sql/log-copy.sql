-- CloudEvents JSON, one a line; $source, $after, $upTo and $types are put in as literals, since COPY takes no parameters.
-- Quote and delimiter are characters that JSON cannot hold unescaped, so the bytes pass as they are.
copy (
  select
    '{"specversion":"1.0","id":"' || id || '","source":"' || $source || '","type":"' || type || '","subject":"' || stream
    || '","time":"' || occurred_at
    || '","datacontenttype":"application/json","position":' || position || ',"streamversion":' || version
    || ',"schemaversion":' || schema_version
    || ',"recordedtime":"' || recorded_at
    || '","correlationid":"' || correlation_id || '","causationid":"' || causation_id
    || coalesce('","traceparent":"' || traceparent, '') || '","data":' || data::text || '}'
  from headwater.event
  where position > $after and position <= $upTo and ($types::text[] is null or type = any($types))
  order by position
) to stdout (format csv, quote e'\x01', delimiter e'\x02')
