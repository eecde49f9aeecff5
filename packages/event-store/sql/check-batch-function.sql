-- Under the log's lock: decides for each append of a batch whether it is new, a repeat, a conflict, or uses ids of other events.
-- Also says how many events of the appends before it are left out: by so much its positions come sooner.
create function headwater.check_batch(
  appends integer[], streams text[], expected bigint[], sizes integer[], events json, ids_to_check text[],
  last_before bigint, heads bigint[],
  out accepted boolean[], out shifts bigint[], out results json
) language plpgsql as $$
declare
  each record;
  next_position bigint := last_before + 1;
  left_out bigint := 0;
  result json;
begin
  for each in
    with given as (
      select appends[e.part] as append, e.part, e.id, e.type, e.data, e.number
      from rows from (json_to_recordset(events) as (part integer, id text, type text, data json))
        with ordinality as e(part, id, type, data, number)
    ), met as (
      select given.append, given.part, given.id, known.position, known.version,
        known.stream = streams[given.part] and known.type = given.type and known.data::text = given.data::text as same
      from given join headwater.event known on known.id = given.id
      where given.id = any(ids_to_check)
    ), repeat as (
      select met.append, count(*) as known, bool_and(met.same) as same, min(met.position) as first, max(met.position) as last,
        json_agg(met.id order by met.position) as ids
      from met group by met.append
    ), part as (
      select appends[number] as append, number, streams[number] as stream, expected[number] as expected, sizes[number] as size,
        heads[number] as head,
        coalesce((select max(met.version) from met where met.part = number), heads[number]) as repeated_version
      from generate_subscripts(appends, 1) number
    )
    select part.append, sum(part.size) as size, coalesce(max(repeat.known), 0) as known, bool_and(repeat.same) as same,
      min(repeat.first) as first, max(repeat.last) as last, (array_agg(repeat.ids))[1] as ids,
      json_agg(part.head + part.size order by part.number) as versions,
      json_agg(part.repeated_version order by part.number) as repeated_versions,
      (array_agg(json_build_object('kind', 'conflict', 'stream', part.stream, 'expected', part.expected, 'actual', part.head)
        order by part.number) filter (where part.expected <> part.head))[1] as conflict
    from part left join repeat on repeat.append = part.append
    group by part.append order by part.append
  loop
    shifts[each.append] := left_out;
    accepted[each.append] := false;
    if each.known > 0 and each.known = each.size and each.same then
      result := json_build_object('kind', 'appended', 'first', each.first, 'last', each.last,
        'versions', each.repeated_versions, 'repeated', true);
    elsif each.known > 0 then
      result := json_build_object('kind', 'id-reused', 'ids', each.ids);
    elsif each.conflict is not null then
      result := each.conflict;
    else
      result := json_build_object('kind', 'appended', 'first', next_position, 'last', next_position + each.size - 1,
        'versions', each.versions, 'repeated', false);
      next_position := next_position + each.size;
      accepted[each.append] := true;
    end if;
    if not accepted[each.append] then
      left_out := left_out + each.size;
    end if;
    results := (coalesce(results, '[]')::jsonb || result::jsonb)::json;
  end loop;
end
$$
