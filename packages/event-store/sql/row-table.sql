create table headwater.row (
  projection text not null,
  build integer not null,
  key text not null,
  value jsonb not null,
  primary key (projection, build, key)
)
