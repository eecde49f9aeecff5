select number, content::text from headwater.outbox_row where outbox = $1 order by number limit $2
