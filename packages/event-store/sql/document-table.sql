-- Latest states of the plain document kind: no history.
create table headwater.document (
  category text not null,
  id text not null,
  version bigint not null,
  value json not null,
  primary key (category, id)
)
