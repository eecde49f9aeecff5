-- CloudEvents JSON, one a line; $source, $after, $upTo and $types are put in as literals, since COPY takes no parameters.
-- Quote and delimiter are characters that JSON cannot hold unescaped, so the bytes pass as they are.
copy (
  select
    '{"specversion":"1.0","id":"' || id || '","source":"' || $source || '","type":"' || type || '","subject":"' || stream
    || '","time":"' || to_char(occurred_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    || '","datacontenttype":"application/json","position":' || position || ',"streamversion":' || version
    || ',"schemaversion":' || schema_version
    || ',"recordedtime":"' || to_char(recorded_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    || '","correlationid":"' || correlation_id || '","causationid":"' || causation_id
    || coalesce('","traceparent":"' || traceparent, '') || '","data":' || data::text || '}'
  from headwater.event
  where position > $after and position <= $upTo and ($types::text[] is null or type = any($types))
  order by position
) to stdout (format csv, quote e'\x01', delimiter e'\x02')
