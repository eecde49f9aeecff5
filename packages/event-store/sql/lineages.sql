select log, parent, forked_at from headwater.lineage order by since desc
