/**
 * Tables of a consumer's bookkeeping. `consumer_slot` is updated in each transaction: half-full pages keep those updates
 * heap-only (no index on what changes).
 */
export function tables(schema: string): string {
  return `
create schema if not exists ${schema};
create table if not exists ${schema}.consumer_log (
  consumer text not null, service text not null, log text, wanted bigint not null default 0,
  primary key (consumer, service));
create table if not exists ${schema}.consumer_slot (
  consumer text not null, service text not null, slot int not null,
  position bigint not null, event_id text not null, epoch bigint not null default 0,
  owner text, replay_until bigint not null default 0,
  primary key (consumer, service, slot)) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
create table if not exists ${schema}.consumer_member (
  consumer text not null, member text not null, lease_until timestamptz not null,
  primary key (consumer, member));
create table if not exists ${schema}.consumer_parked (
  consumer text not null, service text not null, position bigint not null, slot int not null,
  key text not null, event_id text not null, type text not null, event text not null,
  state text not null, attempts int not null, error json, reason text, asked text,
  next_at timestamptz not null, parked_at timestamptz not null default now(),
  primary key (consumer, service, position));
create index if not exists consumer_parked_key on ${schema}.consumer_parked (consumer, service, md5(key), position) where state <> 'skipped';
create index if not exists consumer_parked_front on ${schema}.consumer_parked (consumer, service, slot) where state in ('retrying', 'poison', 'ready');
create table if not exists ${schema}.consumer_outbox (
  consumer text not null, id text not null, seq bigint generated always as identity,
  service text not null, position bigint not null, key text not null, effect text not null,
  attempts int not null default 0, next_at timestamptz not null default now(), state text not null default 'waiting', error json, reason text,
  made_at timestamptz not null default now(),
  primary key (consumer, service, id));
create index if not exists consumer_outbox_key on ${schema}.consumer_outbox (consumer, service, md5(key), seq);
create index if not exists consumer_outbox_next on ${schema}.consumer_outbox (consumer, next_at) where state = 'waiting';
create table if not exists ${schema}.consumer_fork (
  consumer text not null, service text not null, to_log text not null, from_log text not null, forked_at bigint not null,
  beyond json not null, parked json not null, seen_at timestamptz not null default now(),
  primary key (consumer, service, to_log));
`
}
