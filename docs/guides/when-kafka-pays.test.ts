import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const read = (path: string) => readFile(join(import.meta.dirname, '..', '..', path), 'utf8')

/** Rows of a table by bench and measurement; a bench stands in its first row alone. */
function measured(page: string): Map<string, string> {
  const rows = new Map<string, string>()
  let bench = ''
  for (const [, name, what, figure] of page.matchAll(/^\| (?:`([a-z]+)` )?\| ([^|]+) \| ([^|]+) \|/gm)) {
    bench = name ?? bench
    rows.set(`${bench}: ${what!.trim()}`, figure!.trim())
  }
  return rows
}

it('quotes what was measured, as bench/RESULTS.md says it now', async () => {
  const [guide, results] = [
    measured(await read('docs/guides/when-kafka-pays.md')),
    measured(await read('bench/RESULTS.md')),
  ]
  expect(guide.size).toBe(7)
  expect(Object.fromEntries([...guide.keys()].map((row) => [row, results.get(row)]))).toEqual(Object.fromEntries(guide))
})

it('draws from the figures only what they say', async () => {
  const results = measured(await read('bench/RESULTS.md'))
  const [feedP99] = [.../\/ ([\d.]+) ms/.exec(results.get('feed: append → long poll, p50 / p99')!)!]
    .slice(1)
    .map(Number)
  const [kafkaP50] = [.../^([\d.]+) \//.exec(results.get('kafka: commit → Kafka p50 / p99 : Debezium')!)!]
    .slice(1)
    .map(Number)
  expect(feedP99).toBeLessThan(30)
  expect(kafkaP50).toBeGreaterThan(feedP99!)
  const consumed = Number(results.get('consume: set-based')!.split(' ')[0]!.replace(',', ''))
  const served = 1_000 * Number(/([\d.]+) k\/s/.exec(results.get('feed: NDJSON : bare server piping COPY')!)![1])
  expect(consumed).toBeLessThan(served)
})
