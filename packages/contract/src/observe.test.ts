import { expect, it } from 'vitest'
import { fieldReads } from './observe.ts'

const data = { customerId: 'c1', name: 'Ada', lines: [{ sku: 'a', 'a/b': 1 }], at: null }

it('notes the fields that are read, and no other', () => {
  const reads = fieldReads()
  const watched = reads.watch('Ordered', data)
  expect(watched.customerId + watched.lines[0]!.sku).toBe('c1a')
  expect(reads.taken()).toEqual({ Ordered: ['/customerId', '/lines', '/lines/*/sku'] })
  expect(reads.taken()).toEqual({})
})

it('is plain data for all that is done with data', () => {
  const reads = fieldReads()
  const watched = reads.watch('Ordered', data)
  expect(JSON.stringify(watched)).toBe(JSON.stringify(data))
  expect(structuredClone(watched)).toEqual(data)
  expect({ ...watched, lines: [...watched.lines] }).toEqual(data)
  expect(reads.taken().Ordered).toEqual(['/at', '/customerId', '/lines', '/lines/*/a~1b', '/lines/*/sku', '/name'])
  watched.name = 'Bob'
  expect([watched.name, data.name]).toEqual(['Bob', 'Ada'])
})

it('observes one in so many, and hands out the others as they are', () => {
  const reads = fieldReads({ every: 10 })
  const untouched = Array.from({ length: 116 }, () => reads.watch('Ordered', data)).filter((one) => one === data)
  expect(untouched).toHaveLength(90)
})
