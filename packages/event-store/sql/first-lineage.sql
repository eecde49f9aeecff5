insert into headwater.lineage (parent) values (null)
