-- How far each build of a projection has come: the checkpoint of those that follow the log. An inline one has none once it is live.
create table headwater.build (
  projection text not null,
  build integer not null,
  edition text not null,
  position bigint not null,
  primary key (projection, build)
)
