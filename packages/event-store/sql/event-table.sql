create table headwater.event (
  position bigint primary key,
  stream text not null,
  version bigint not null,
  id text not null unique,
  type text not null,
  schema_version integer not null,
  -- RFC 3339 in UTC, in the very form that is served: to format them anew took a third of the time of reading
  occurred_at text collate "C" not null, -- milliseconds
  recorded_at text collate "C" not null, -- microseconds; never falls along the log
  correlation_id text not null,
  causation_id text not null,
  traceparent text,
  data json not null, -- text, byte for byte; jsonb would rewrite numbers, key order and double keys
  unique (stream, version)
)
