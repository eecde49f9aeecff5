select version, type, schema_version, data::text
from headwater.event
where stream = $1 and version > $2 and version <= $3
order by version
