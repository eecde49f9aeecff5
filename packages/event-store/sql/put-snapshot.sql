insert into headwater.snapshot as s (stream, edition, version, state) values ($1, $2, $3, $4)
on conflict (stream) do update set edition = excluded.edition, version = excluded.version, state = excluded.state
where s.edition <> excluded.edition or s.version < excluded.version
