-- The snapshot, if one of this edition is there (type null), then the events after it.
with snapshot as (
  select version, state from headwater.snapshot where stream = $1 and edition = $2 and version <= $3
)
select version, null as type, null::integer as schema_version, state::text as data from snapshot
union all
select * from (
  select version, type, schema_version, data::text
  from headwater.event
  where stream = $1 and version > coalesce((select version from snapshot), 0) and version <= $3
  order by version
) newer
