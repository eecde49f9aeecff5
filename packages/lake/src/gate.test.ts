import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Lake, openLake } from './index.ts'
import { event, page } from './pages.fixture.ts'

let directory: string
let lake: Lake
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gate-'))
  lake = await openLake({ directory, processes: { count: 1, memoryMb: 256 }, limits: { timeMs: 20_000 } })
  const saved = Array.from({ length: 300 }, (_, index) => event(index + 1, 'Saved', { n: index, c: `c${index % 7}` }))
  await lake.land(page(saved), { service: 'pots' })
  await lake.seal()
  await writeFile(join(directory, 'secret.csv'), 'a\nkeep-out\n')
  await writeFile(join(directory, '..', 'outside.csv'), 'a\nkeep-out\n')
})
afterAll(async () => {
  await lake.close()
  await rm(directory, { recursive: true })
})

const outcome = async (sql: string, options = {}) =>
  await lake.query(sql, options).then(
    ({ rows }) => rows,
    (error: Error & { code: string }) => `${error.code}: ${error.message}`,
  )
/** The service is unharmed: the next question is answered. */
const alive = async () => expect(await outcome('select count(*) from Saved')).toEqual([[300]])

it.each([
  'insert into events select * from events',
  'delete from events',
  'update events set id = 1',
  'create table t (a int)',
  'create macro f() as 1',
  'drop view events',
  "copy (select 1) to '/tmp/x.csv'",
  "copy events from '/tmp/x.csv'",
  "attach '/tmp/x.db'",
  'install httpfs',
  'load httpfs',
  "set memory_limit = '100GB'",
  'reset memory_limit',
  'pragma database_list',
  'call duckdb_settings()',
  "export database '/tmp/x'",
  'prepare p as select 1',
  'explain analyze select 1',
  'begin transaction',
  'checkpoint',
  'vacuum',
  'use main',
  'select 1; drop view events',
  'select 1; select 2',
  '',
])('refuses what is not one SELECT: %s', async (sql) => {
  expect(await outcome(sql)).toMatch(/^HW_QUERY_(REFUSED|SYNTAX): /)
})

it.each([
  "select * from read_csv('secret.csv')",
  "select * from read_text('/etc/passwd')",
  "select * from read_blob('/etc/passwd')",
  "select * from parquet_scan('x.parquet')",
  "select * from read_json_auto('x.json')",
  "select * from glob('*')",
  "from query('select 1')",
  "from query_table('events')",
  'from duckdb_settings()',
  'from duckdb_views()',
  'from pragma_version()',
  "from sniff_csv('x')",
  "from json_execute_serialized_sql('{}')",
  'from repeat(1, 10)',
  "select getenv('HOME')",
  "select current_setting('memory_limit')",
  "select nextval('s')",
  'select sleep_ms(1000)',
  'select pg_sleep(1)',
  "select write_log('x')",
  "select json_serialize_sql('select 1')",
  'select current_query()',
  "select main.read_text('x')",
  'select version()',
  'select $1',
  'show tables',
  'select * from Saved at (version => 1)',
  'select (select count(*) from duckdb_tables())',
  "select n from Saved where n in (select 1 from read_text('x'))",
  "with q as (select * from read_csv('secret.csv')) select * from q",
  "select list_transform([1], x -> (select content from read_text('/etc/passwd')))",
  "select * from Saved s, lateral (select * from glob('*')) g",
  "select count(*) filter (where exists (from read_text('x'))) over () from Saved",
  "select * from (values ((select content from read_text('x'))))",
  "pivot (from read_csv('x')) on a using count(*)",
  "select 1 order by (select content from read_text('x'))",
  "select 1 limit (select count(*) from read_text('x'))",
])('refuses functions and statements beyond the tables: %s', async (sql) => {
  expect(await outcome(sql)).toMatch(/^HW_QUERY_REFUSED: /)
})

it.each([
  "select * from 'secret.csv'",
  "select * from '/etc/passwd'",
  `select * from "../outside.csv"`,
  'select * from _tail',
  'select * from information_schema.tables',
  'select * from pg_catalog.pg_class',
  'select * from duckdb_tables',
  'select * from memory.main.events',
  // A name from WITH is known where it is declared and nowhere else.
  `select * from (with "secret.csv" as (select 1) select 1) a, "secret.csv"`,
  `select (with "secret.csv" as (select 1) select 1) from "secret.csv"`,
  // The part of a recursion that does not recur does not know its name: to the engine it is a file.
  `with recursive "DIR/secret.csv" as (select * from "DIR/secret.csv" union all select * from "DIR/secret.csv" where false) select * from "DIR/secret.csv"`,
  `with recursive "DIR/secret.csv" as (from "DIR/secret.csv" union select 1 where false) select * from "DIR/secret.csv"`,
  `with recursive "DIR/secret.csv" as (with "DIR/secret.csv" as (select 1) select * from "DIR/secret.csv" union all select 1 where false) from Saved`,
  `with recursive events(k) as (select position from events union all select k from events where false) select k from events, "DIR/secret.csv"`,
  `from Saved union all by name from 'DIR/secret.csv'`,
  `from Saved positional join "DIR/secret.csv"`,
  `describe "DIR/secret.csv"`,
  `summarize 'DIR/secret.csv'`,
  `pivot "DIR/secret.csv" on a using count(*)`,
  `select * from (pivot "DIR/secret.csv" on a in ('b') using count(*))`,
  `unpivot "DIR/secret.csv" on a`,
  `from "DIR/secret.csv" as Saved`,
  `select (select max(a) from "DIR/secret.csv") from Saved order by (select 1 from "DIR/secret.csv")`,
  `select sum(n) over (order by (select 1 from "DIR/secret.csv")) from Saved`,
  `select count(*) filter (exists (from "DIR/secret.csv")) from Saved`,
  `select n from Saved qualify exists (from "DIR/secret.csv")`,
  `from Saved s asof join "DIR/secret.csv" f on s.n >= f.a`,
  `from Saved where n = any (select a from "DIR/secret.csv")`,
  `from (values ((select max(a) from "DIR/secret.csv")))`,
  `select * replace ((select max(a) from "DIR/secret.csv") as n) from Saved`,
  `select n from Saved group by grouping sets (((select max(a) from "DIR/secret.csv")))`,
  `from range((select count(*) from "DIR/secret.csv"))`,
  `select distinct on ((select max(a) from "DIR/secret.csv")) n from Saved`,
  `from Saved limit (select count(*) from "DIR/secret.csv")`,
  `with a as (with b as (from "DIR/secret.csv") from b) from a`,
  `with a as materialized (from "DIR/secret.csv") from a`,
])('knows no tables but events and their types: %s', async (sql) => {
  const asked = sql.replaceAll('DIR', directory)
  expect(await outcome(asked)).toMatch(/^HW_QUERY_(TABLE|REFUSED|SYNTAX): /)
  // The gate says so by itself, before any process is asked.
  await expect(lake.explain(asked)).rejects.toMatchObject({ code: expect.stringMatching(/^HW_QUERY_/) })
})

it.each([
  ['with a as (select n from Saved), b as (select max(n) as m from a) select m from b', [[299]]],
  ['with recursive t(k) as (select 1 union all select k + 1 from t where k < 5) select sum(k) from t', [[15]]],
  ['select c, count(*), row_number() over (order by c) from Saved group by c order by c limit 1', [['c0', 43, 1]]],
  ["select data->>'$.c' from events where position = 3", [['c2']]],
  ['from Saved select count(distinct c)', [[7]]],
  ['select * exclude (data) from (values (1, 2)) v(a, data)', [[1]]],
  [
    'with recursive t as (with u as (select 1 as k) from u union all select k + 1 from t where k < 3) select max(k) from t',
    [[3]],
  ],
  ['with "größte Zahl" as (select max(n) as n from Saved) select n from "größte Zahl"', [[299]]],
  ['select count(*) from Saved a join Saved b using (id) where a.n between 1 and 3', [[3]]],
  ['select list_transform([1, 2], x -> x + 1)', [[['2', '3'].map(Number)]]],
  ["select date_trunc('hour', recorded_at) from events where position = 1", [['2026-03-01T10:00:00Z']]],
  ['select sum(n::hugeint * 100000000000000000) from Saved', [['4485000000000000000000']]],
])('answers: %s', async (sql, rows) => {
  expect(await outcome(sql)).toEqual(rows)
})

it('lets casts to types with parameters through', async () => {
  expect(
    await outcome(
      `select cast('1.50' as decimal(38, 2)) as a, cast([1] as int[]) as b, cast({'x': 1} as struct(x int)) as c`,
    ),
  ).toEqual([['1.50', [1], { x: 1 }]])
})

it('stops what takes too long', async () => {
  const sql = 'select count(*) from range(1000000) a, range(1000000) b where a.range + b.range = 7'
  expect(await outcome(sql, { limits: { timeMs: 300 } })).toMatch(/^HW_QUERY_TIME: /)
  await alive()
})

it('stops recursion without an end', async () => {
  const sql = 'with recursive t(k) as (select 1 union all select k + 1 from t) select max(k) from t'
  expect(await outcome(sql, { limits: { timeMs: 300 } })).toMatch(/^HW_QUERY_TIME: /)
  await alive()
})

it('stops what takes too much memory', async () => {
  const sql = `select list(repeat(a.range::varchar, 1000)) from range(3000000) a`
  expect(await outcome(sql)).toMatch(/^HW_QUERY_MEMORY: /)
  await alive()
})

it('ends the process of a question that does not listen', async () => {
  const sql = "select length(repeat(repeat('x', 1000000), 3000))"
  expect(await outcome(sql, { limits: { timeMs: 200 } })).toMatch(/^HW_QUERY_(TIME|MEMORY): /)
  await alive()
})

it('survives nesting meant to overflow its stack', async () => {
  expect(await outcome(`select ${'('.repeat(20_000)}1${')'.repeat(20_000)}`)).toMatch(/^HW_QUERY_/)
  await alive()
})

it('stops when told to', async () => {
  const stop = new AbortController()
  const asked = outcome('select count(*) from range(1000000) a, range(1000000) b where a.range + b.range = 7', {
    signal: stop.signal,
  })
  await lake.explain('select 1')
  stop.abort()
  expect(await asked).toMatch(/HW_QUERY_CANCELLED|abort/i)
  await alive()
})

it('keeps nobody waiting for one who left the queue', async () => {
  const [first, second] = [new AbortController(), new AbortController()]
  const long = 'select count(*) from range(1000000) a, range(1000000) b where a.range + b.range = 7'
  const running = outcome(long, { signal: first.signal })
  await lake.explain('select 1')
  const left = outcome(long, { signal: second.signal })
  const patient = outcome('select 1')
  await lake.explain('select 2')
  second.abort()
  // He leaves at once, while the first one still runs.
  expect(await left).toMatch(/HW_QUERY_CANCELLED|abort/i)
  first.abort()
  expect(await running).toMatch(/HW_QUERY_CANCELLED|abort/i)
  expect(await patient).toEqual([[1]])
})

it('lets go of those who wait when it is closed', async () => {
  const other = await openLake({ directory: join(directory, 'other'), processes: { count: 1 } })
  const long = 'select count(*) from range(1000000) a, range(1000000) b where a.range + b.range = 7'
  const asked = [other.query(long), other.query('select 1')].map((answer) => expect(answer).rejects.toThrow())
  await other.explain('select 1')
  await other.close()
  await Promise.all(asked)
})

it('cuts rows and bytes off, and says so', async () => {
  expect(await lake.query('select n from Saved order by n', { limits: { rows: 2 } })).toMatchObject({
    rows: [[0], [1]],
    truncated: true,
  })
  const wide = await lake.query("select repeat('x', 1000) from Saved", { limits: { bytes: 5_000 } })
  expect(wide).toMatchObject({ truncated: true })
  expect(wide.rows).toHaveLength(4)
  expect(await lake.query('select n from Saved', { limits: { rows: 300 } })).toMatchObject({ truncated: false })
})

it('says what is wrong and what was meant', async () => {
  expect(await outcome('selec 1')).toMatch(/^HW_QUERY_SYNTAX: .*selec/s)
  expect(await outcome('select 1 from Savedd')).toMatch(/Did you mean Saved\?/)
  expect(await outcome('select m from Saved')).toMatch(/^HW_QUERY_FAILED: .*"m" not found/s)
})

it('lets nothing be written in the folder it may read', async () => {
  await expect(access(join(directory, 'x.csv'))).rejects.toThrow()
})
