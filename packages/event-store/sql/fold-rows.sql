select position, stream, version, type, schema_version, data::text, occurred_at
from headwater.event
where position > $1 and position <= $2 and type = any($3)
order by position
limit $4
