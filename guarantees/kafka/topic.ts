import { kafkaClient } from '@headwater/consumer/kafka'

export interface TopicFound {
  readonly lost: number
  readonly doubled: number
  readonly outOfOrder: number
  /** Records whose bytes are not those that the feed serves. */
  readonly altered: number
}

/** Reads a topic whole, committed records only, and holds it against what the feed serves (position → line). */
export async function checkTopic(
  bootstrap: string,
  topic: string,
  served: ReadonlyMap<number, string>,
): Promise<TopicFound> {
  const client = kafkaClient({ bootstrap })
  const counts = new Map<number, number>()
  const last = new Map<string, number>()
  let outOfOrder = 0
  let altered = 0
  const partitions = (await client.partitions(topic))!
  for (let partition = 0; partition < partitions; partition++) {
    const { end } = await client.bounds(topic, partition)
    for (let offset = 0; offset < end;) {
      const [fetched] = await client.fetch([{ topic, partition, offset }], { waitMs: 500, maxBytes: 4_000_000 })
      for (const { key, value } of fetched?.records ?? []) {
        const { position } = JSON.parse(value) as { position: number }
        counts.set(position, (counts.get(position) ?? 0) + 1)
        if (position < (last.get(key) ?? 0)) outOfOrder += 1
        last.set(key, position)
        if (served.get(position) !== value) altered += 1
      }
      offset = fetched?.next ?? offset
    }
  }
  await client.close()
  const lost = [...served.keys()].filter((position) => !counts.has(position)).length
  const doubled = [...counts.values()].filter((count) => count > 1).length
  return { lost, doubled, outOfOrder, altered }
}

/** Every event as the feed serves it. */
export async function servedBy(feed: string, token: string): Promise<Map<number, string>> {
  const served = new Map<number, string>()
  for (let after = 'start', atEnd = false; !atEnd;) {
    const headers = { accept: 'application/x-ndjson', authorization: `Bearer ${token}` }
    const answer = await fetch(`${feed}?after=${after}`, { headers })
    if (!answer.ok) throw new Error(`${feed} answered ${answer.status}.`)
    for (const line of (await answer.text()).split('\n')) {
      if (line === '') continue
      const item = JSON.parse(line) as { position: number; range?: { cursor: string; atEnd: boolean } }
      if (item.range === undefined) served.set(item.position, line)
      else ({ cursor: after, atEnd } = item.range)
    }
  }
  return served
}
