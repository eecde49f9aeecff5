delete from headwater.row
where ctid = any(array(select ctid from headwater.row where projection = $1 and build < $2 limit 10000))
