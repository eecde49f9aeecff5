-- How many of these events were recorded, once every append that is under way is settled.
create function headwater.known(ids text[]) returns bigint language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('headwater.event', 0));
  return (select count(*) from headwater.event e where e.id = any(known.ids));
end
$$
