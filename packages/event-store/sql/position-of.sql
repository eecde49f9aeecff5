select position from headwater.event where id = $1
