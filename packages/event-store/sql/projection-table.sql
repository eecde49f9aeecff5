-- The pointer: which build of a projection is read. One that has no row here is at build 1.
create table headwater.projection (
  name text primary key,
  live integer not null
)
