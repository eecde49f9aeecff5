-- Writes the projection rows that came with accepted appends. Of several for one key the last counts; a row without value is deleted.
-- Not language sql: before 18 such a function is planned anew at each call, which took three times as long as the writing.
create function headwater.put_rows(rows json, accepted boolean[]) returns void language plpgsql as $$
begin
  with given as (
    select distinct on (r.projection, r.key) r.projection, coalesce(p.live, 1) as build, r.key, r.value
    from rows from (json_to_recordset(rows) as (append integer, projection text, key text, value jsonb))
      with ordinality as r(append, projection, key, value, number)
    left join headwater.projection p on p.name = r.projection
    where accepted is null or accepted[r.append]
    order by r.projection, r.key, r.number desc
  ), gone as (
    delete from headwater.row r using given g
    where g.value is null and r.projection = g.projection and r.build = g.build and r.key = g.key
  )
  insert into headwater.row (projection, build, key, value)
  select projection, build, key, value from given where value is not null
  on conflict (projection, build, key) do update set value = excluded.value;
end
$$
