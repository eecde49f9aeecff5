-- For a caller's own transaction: one append, which raises unless it was appended, so that COMMIT cannot keep half the work.
create function headwater.append_strict(
  streams text[], expected bigint[], sizes integer[], events json, rows json, ids_to_check text[],
  out last_before bigint, out heads bigint[], out results json
) language plpgsql as $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'Expected isolation level read committed, got %.', current_setting('transaction_isolation')
      using errcode = 'HW003', hint = 'Under a snapshot taken before the log''s lock the last position cannot be seen.';
  end if;
  select * into last_before, heads, results from headwater.append_batch(
    array_fill(1, array[cardinality(streams)]), streams, expected, sizes, events, rows, ids_to_check
  );
  case results -> 0 ->> 'kind'
    when 'conflict' then
      raise exception 'Stream % is at version %, expected %.',
        results -> 0 ->> 'stream', results -> 0 ->> 'actual', results -> 0 ->> 'expected'
        using errcode = 'HW001', detail = (results -> 0)::text, hint = 'Load it again, decide again.';
    when 'id-reused' then
      raise exception 'Event ids % belong to other events.', results -> 0 ->> 'ids'
        using errcode = 'HW002', detail = (results -> 0)::text, hint = 'Give a new event a new id.';
    else null;
  end case;
end
$$
