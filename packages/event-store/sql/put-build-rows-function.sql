-- Moves a build's checkpoint and writes the rows that go with it, in one commit; false when the checkpoint is elsewhere, or would be beyond
-- the last event (somebody saw a log that has lost some since).
create function headwater.put_build_rows(projection text, build integer, after bigint, up_to bigint, rows json)
returns boolean language plpgsql as $$
#variable_conflict use_column
begin
  update headwater.build b set position = put_build_rows.up_to
  where b.projection = put_build_rows.projection and b.build = put_build_rows.build and b.position = put_build_rows.after
    and put_build_rows.up_to <= coalesce((select e.position from headwater.event e order by e.position desc limit 1), 0);
  if not found then
    return false;
  end if;
  -- Not a join: while the table has no statistics, it was read once for each given row.
  delete from headwater.row r
  where r.projection = put_build_rows.projection and r.build = put_build_rows.build and r.key = any (array(
    select given.key from json_to_recordset(put_build_rows.rows) as given(key text, value jsonb) where given.value is null
  ));
  insert into headwater.row as r (projection, build, key, value)
  select put_build_rows.projection, put_build_rows.build, given.key, given.value
  from json_to_recordset(put_build_rows.rows) as given(key text, value jsonb)
  where given.value is not null
  on conflict (projection, build, key) do update set value = excluded.value;
  return true;
end
$$
