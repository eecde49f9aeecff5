-- Events as JSON arrays, one a line, in the order of `eventOf`: twice as fast as rows of columns.
copy (
  select
    '[' || position || ',' || version || ',' || schema_version || ',"' || id || '","' || stream || '","' || type || '","' ||
    occurred_at || '","' || recorded_at || '","' || correlation_id || '","' || causation_id || '",' ||
    coalesce('"' || traceparent || '"', 'null') || ',' || data || E']\n'
  from headwater.event
  where position > $after and position <= $upTo and ($types::text[] is null or type = any($types))
  order by position
  limit $limit
) to stdout (format binary)
