import { expect, it } from 'vitest'
import { type Aborted, type Batch, committedOnly } from './committed.ts'

/** `7a 8a ^7 9a`: batches a of producers 7, 8, 9; `^7` aborts, `$7` commits; each takes one offset, from 100 on. */
function shown(log: string, aborted: readonly Aborted[] = []): string {
  const batches = log.split(' ').map((word, index): Batch<string> => {
    const offset = BigInt(100 + index)
    const control = word.startsWith('^') ? 'abort' : word.startsWith('$') ? 'commit' : undefined
    return {
      firstOffset: offset,
      lastOffset: offset,
      producerId: BigInt(/\d/.exec(word)![0]),
      transactional: !word.endsWith('!'),
      ...(control && { control }),
      records: [word],
    }
  })
  return committedOnly(batches, aborted)
    .flatMap(({ records }) => records)
    .join(' ')
}

const abortedAt = (producer: number, first: number): Aborted => ({
  producerId: BigInt(producer),
  firstOffset: BigInt(first),
})

it('shows what was committed, and no markers', () => {
  expect(shown('7a 8a $7 7b $8 $7')).toBe('7a 8a 7b')
})

it('leaves out an aborted transaction among others, and nothing behind its marker', () => {
  expect(shown('7a 8a ^7 7b $7 $8', [abortedAt(7, 100)])).toBe('8a 7b')
})

it('leaves out an aborted transaction whose marker comes in a later fetch', () => {
  expect(shown('7a 8a 7b', [abortedAt(7, 100)])).toBe('8a')
})

it('leaves out the rest of an aborted transaction that began in an earlier fetch', () => {
  expect(shown('7b ^7 7c', [abortedAt(7, 42)])).toBe('7c')
})

it('leaves out two that both began before the fetch', () => {
  expect(shown('8b 7b ^7 ^8 7c', [abortedAt(7, 90), abortedAt(8, 95)])).toBe('7c')
})

it('leaves out two aborted transactions of one producer and shows the committed one between', () => {
  expect(shown('7a ^7 7b $7 7c ^7 7d', [abortedAt(7, 100), abortedAt(7, 104)])).toBe('7b 7d')
})

it('goes by offset, not by the order in which the broker lists', () => {
  expect(shown('7a ^7 8a ^8 7b', [abortedAt(8, 102), abortedAt(7, 100)])).toBe('7b')
})

it('bears a marker of a transaction without a record here', () => {
  expect(shown('^9 7a $7', [])).toBe('7a')
})

it('shows what the same producer wrote outside transactions', () => {
  expect(shown('7a 7x! ^7', [abortedAt(7, 100)])).toBe('7x!')
})
