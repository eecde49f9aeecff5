create table headwater.migration (
  version integer primary key,
  at timestamptz not null default clock_timestamp()
)
