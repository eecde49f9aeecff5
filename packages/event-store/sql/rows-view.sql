-- Rows of the live build of each projection.
create view headwater.rows as
select r.projection, r.key, r.value
from headwater.row r
left join headwater.projection p on p.name = r.projection
where r.build = coalesce(p.live, 1)
