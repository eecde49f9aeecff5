select position from headwater.event where position <= $2 and type = any($1) order by position desc limit 1
