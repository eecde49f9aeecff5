-- Events as JSON arrays, one a line, in the order of `FoldedEvent`.
copy (
  select
    '[' || position || ',"' || stream || '",' || version || ',"' || type || '",' || schema_version || ',"' || occurred_at || '",' ||
    data || E']\n'
  from headwater.event
  where position > $after and position <= $upTo and type = any($types)
  order by position
  limit $limit
) to stdout (format binary)
