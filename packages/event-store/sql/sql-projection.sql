-- SELECT and MERGE of the declaration are put in; the checkpoint moves in the same statement, or nothing happens.
with moved as (
  update headwater.build set position = $4
  where projection = $1 and build = $2 and position = $3
    and $4 <= coalesce((select position from headwater.event order by position desc limit 1), 0)
  returning 1
), events as (
  select e.* from headwater.event e, moved where e.position > $3 and e.position <= $4 and e.type = any($5)
), changes as (
  $select
), written as (
  insert into headwater.row as old (projection, build, key, value)
  select $1, $2, key, value from changes
  on conflict (projection, build, key) do update set value = $merge
)
select count(*) from moved
