-- Streams of a category ($1, with its dash) with an event of some type whose field, of the same place in the arrays, names a person.
select distinct e.stream
from headwater.event e
join rows from (unnest($2::text[]), unnest($3::text[])) as naming(type, field) on naming.type = e.type
where starts_with(e.stream, $1) and e.data ->> naming.field = $4
