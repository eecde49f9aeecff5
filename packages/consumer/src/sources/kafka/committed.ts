/** A batch of a partition as fetched; offsets, producer ids as Kafka has them. */
export interface Batch<Entry> {
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  readonly producerId: bigint
  readonly transactional: boolean
  /** A marker, no data: `abort` or `commit`. */
  readonly control?: 'abort' | 'commit'
  readonly records: readonly Entry[]
}

export interface Aborted {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

/**
 * The batches that `read_committed` shows, by the rule of Kafka's own consumer: from an aborted transaction's first offset on,
 * its producer's batches are left out until its abort marker, which may be in a later fetch. The broker lists every aborted
 * transaction that reaches into the fetch; several of one producer follow each other, each ended by its marker.
 */
export function committedOnly<Entry>(
  batches: readonly Batch<Entry>[],
  aborted: readonly Aborted[],
): readonly Batch<Entry>[] {
  const waiting = aborted.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1))
  const aborting = new Set<bigint>()
  return batches.filter((batch) => {
    while (waiting.length > 0 && waiting[0]!.firstOffset <= batch.lastOffset) aborting.add(waiting.shift()!.producerId)
    if (batch.control === 'abort') aborting.delete(batch.producerId)
    return batch.control === undefined && !(batch.transactional && aborting.has(batch.producerId))
  })
}
