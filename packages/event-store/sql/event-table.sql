create table headwater.event (
  position bigint primary key,
  stream text not null,
  version bigint not null,
  id text not null unique,
  type text not null,
  schema_version integer not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  correlation_id text not null,
  causation_id text not null,
  traceparent text,
  data json not null, -- text, byte for byte; jsonb would rewrite numbers, key order and double keys
  unique (stream, version)
)
