select version from headwater.event where stream = $1 and position <= $2 order by version desc limit 1
