-- The rows of a projection that are read, and the position of the log that they are of, as JSON lines of one snapshot. One that
-- travels with the append ($inline) is as far as the log.
copy (
  select line || E'\n' from (
    select 0 as part, '' as key, json_build_object('position', coalesce(
      case when not $inline then (
        select b.position from headwater.build b
        where b.projection = $projection
          and b.build = coalesce((select p.live from headwater.projection p where p.name = $projection), 1)
      ) end,
      (select e.position from headwater.event e order by e.position desc limit 1),
      0
    ))::text as line
    union all
    select 1, r.key, json_build_object('key', r.key, 'value', r.value)::text
    from headwater.rows r where r.projection = $projection
  ) lines
  order by part, key
) to stdout (format binary)
