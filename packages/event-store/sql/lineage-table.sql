create table headwater.lineage (
  log uuid primary key default gen_random_uuid(),
  parent uuid references headwater.lineage,
  forked_at bigint,
  since timestamptz not null default clock_timestamp()
)
