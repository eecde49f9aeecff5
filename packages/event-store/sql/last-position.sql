select coalesce((select position from headwater.event order by position desc limit 1), 0)
