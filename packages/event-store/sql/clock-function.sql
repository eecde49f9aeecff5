-- The time of recording, as it is kept and served; a landscape for trying things out may set it ahead.
create function headwater.clock() returns text language sql volatile as $$
  select to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$
