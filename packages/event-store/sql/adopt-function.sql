-- After a restore: the log goes on under a new name, so that cursors beyond the fork are noticed.
create function headwater.adopt(out log uuid, out parent uuid, out forked_at bigint) language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('headwater.event', 0));
  insert into headwater.lineage as l (parent, forked_at)
  values (
    (select o.log from headwater.lineage o order by o.since desc limit 1),
    coalesce((select e.position from headwater.event e order by e.position desc limit 1), 0)
  )
  returning l.log, l.parent, l.forked_at into adopt.log, adopt.parent, adopt.forked_at;
end
$$
