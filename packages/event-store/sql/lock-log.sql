-- Nothing is appended until the transaction ends.
select pg_advisory_xact_lock(hashtextextended('headwater.event', 0))
