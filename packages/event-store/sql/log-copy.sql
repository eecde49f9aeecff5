-- CloudEvents JSON, one a line. Names hold nothing that JSON would escape, and data is JSON without line ends.
copy (
  select format(
    '{"specversion":"1.0","id":"%s","source":"%s","type":"%s","subject":"%s","time":"%s","datacontenttype":"application/json","position":%s,"streamversion":%s,"schemaversion":%s,"recordedtime":"%s","correlationid":"%s","causationid":"%s%s","data":%s}
',
    id, $source, type, stream, occurred_at, position, version, schema_version, recorded_at, correlation_id, causation_id,
    '","traceparent":"' || traceparent, data
  )
  from headwater.event
  where position > $after and position <= $upTo and ($types::text[] is null or type = any($types))
  order by position
) to stdout (format binary)
