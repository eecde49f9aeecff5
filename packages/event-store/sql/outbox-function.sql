-- Notes what was inserted into an outbox table. Nobody waits: it is an insert without any unique key but a sequence's. Runs with the
-- rights of whoever adopted the table, so that writers need none.
create or replace function headwater.note_outbox() returns trigger language plpgsql security definer
set search_path = pg_catalog as $$
begin
  insert into headwater.outbox_row (outbox, content) select tg_argv[0], row_to_json(added) from added;
  return null;
end
$$
