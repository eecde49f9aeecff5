select id from headwater.event where position = $1
