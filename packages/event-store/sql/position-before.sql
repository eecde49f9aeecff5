-- Recorded times never fall along the log and positions have no holes: halve the range until it is one position.
with recursive search(low, high) as (
  select 0::bigint, coalesce((select position from headwater.event order by position desc limit 1), 0)
  union all
  select
    case when e.recorded_at::timestamptz < $1::timestamptz then middle.position else search.low end,
    case when e.recorded_at::timestamptz < $1::timestamptz then search.high else middle.position - 1 end
  from search
  cross join lateral (select (search.low + search.high + 1) / 2 as position) middle
  join headwater.event e on e.position = middle.position
  where search.low < search.high
)
select low from search where low = high
