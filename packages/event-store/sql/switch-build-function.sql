-- Points readers at a build that has seen the whole log up to `at_least`, and drops the checkpoints of those before it; false when it has not.
-- With `whole` it must have seen the very last event, and nothing is appended meanwhile: what inline projections need.
create function headwater.switch_build(projection text, build integer, at_least bigint, whole boolean)
returns boolean language plpgsql as $$
#variable_conflict use_column
begin
  if whole then
    perform pg_advisory_xact_lock(hashtextextended('headwater.event', 0));
    at_least := coalesce((select e.position from headwater.event e order by e.position desc limit 1), 0);
  end if;
  perform from headwater.build b
  where b.projection = switch_build.projection and b.build = switch_build.build and b.position >= at_least for update;
  if not found then
    return false;
  end if;
  insert into headwater.projection as p (name, live) values (switch_build.projection, switch_build.build)
  on conflict (name) do update set live = excluded.live;
  delete from headwater.build b where b.projection = switch_build.projection and b.build < switch_build.build;
  return true;
end
$$
