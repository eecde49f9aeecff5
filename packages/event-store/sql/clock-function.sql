-- When an event is recorded. A landscape for trying things out may put another clock in its place; nothing else may.
create function headwater.clock() returns timestamptz language sql volatile as 'select clock_timestamp()'
