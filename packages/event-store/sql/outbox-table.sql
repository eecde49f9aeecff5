-- Rows of adopted outbox tables that have no position yet. The writer's own transaction puts them here, so they appear when it
-- commits, whenever that is; a row is taken out by the transaction that appends its event.
create table if not exists headwater.outbox_row (
  number bigint generated always as identity primary key,
  outbox text not null,
  content json not null
)
