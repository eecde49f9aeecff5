-- States of long streams; thrown away at will. `edition` names the code that folded them.
create table headwater.snapshot (
  stream text primary key,
  edition text not null,
  version bigint not null,
  state json not null
)
