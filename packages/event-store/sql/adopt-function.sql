-- After a restore: the log goes on under a new name, so that cursors beyond the fork are noticed. `at`: the last position that was restored,
-- where events came before this was called; those after it are the new lineage's.
create function headwater.adopt(at bigint default null, out log uuid, out parent uuid, out forked_at bigint) language plpgsql as $$
declare
  last bigint;
  forked_before bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended('headwater.event', 0));
  last := coalesce((select e.position from headwater.event e order by e.position desc limit 1), 0);
  select o.log, coalesce(o.forked_at, 0) into adopt.parent, forked_before from headwater.lineage o order by o.since desc limit 1;
  adopt.forked_at := coalesce(adopt.at, last);
  if adopt.forked_at not between forked_before and last then
    raise exception 'Expected the last position restored, from % to %, got %.', forked_before, last, adopt.at using errcode = 'HW005';
  end if;
  insert into headwater.lineage as l (parent, forked_at) values (adopt.parent, adopt.forked_at) returning l.log into adopt.log;
end
$$
