import { expect, it } from 'vitest'
import { z } from 'zod'
import { contractOf, events } from './events.ts'
import { rerun } from './rerun.ts'

const pots = events('pots', {
  Saved: {
    data: z.object({ potId: z.string(), minor: z.int(), owner: z.string() }),
    level: 'published',
    version: 3,
    personal: { owner: 'potId' },
    upcast: {
      1: ({ amount, ...rest }) => ({ ...rest, minor: amount * 100 }),
      2: (data) => ({ ...data, potId: data.potId.toLowerCase() }),
    },
    published: {
      1: {
        data: z.object({ potId: z.string(), amountMinor: z.int() }),
        from: ({ potId, minor }) => ({ potId, amountMinor: minor }),
      },
      2: { data: z.object({ whole: z.int() }), from: ({ minor }) => ({ whole: minor / 100 }) },
    },
  },
})
const over = (...stored: [type: string, schemaVersion: number, data: unknown, shown?: unknown][]) => {
  const run = rerun(contractOf(pots))
  for (const [index, [type, schemaVersion, data, shown]] of stored.entries())
    run.take({ position: index + 1, type, schemaVersion, data }, shown)
  return run.findings()
}

it('finds nothing where every stored event is lifted, fits, and is shown as before', () => {
  expect(
    over(
      ['Saved', 1, { potId: 'A', amount: 5, owner: { sealed: 'k' } }, { potId: 'a', amountMinor: 500 }],
      ['Saved', 3, { potId: 'a', minor: 100, owner: 'Ada' }, { potId: 'a', amountMinor: 100 }],
    ),
  ).toEqual([])
})

it('finds what upcasters, schemas and mappings do to stored events, with the first of each', () => {
  const found = over(
    ['Saved', 2, { potId: 7, minor: 100, owner: 'Ada' }],
    ['Saved', 3, { potId: 'a', minor: 'much', owner: 'Ada' }],
    ['Saved', 3, { potId: 'a', minor: 150, owner: 'Ada' }],
    ['Saved', 3, { potId: 'a', minor: 250, owner: 'Ada' }, { potId: 'a', amountMinor: 25 }],
    ['Saved', 4, {}],
    ['Opened', 1, {}],
  )
  expect(found.map(({ kind, version, count, first }) => [kind, version, count, first])).toEqual([
    ['upcaster-failed', undefined, 1, 1],
    ['does-not-fit', undefined, 1, 2],
    ['published-does-not-fit', 1, 1, 2],
    ['published-does-not-fit', 2, 3, 2],
    ['published-differs', 1, 1, 4],
    ['from-the-future', undefined, 1, 5],
    ['undeclared', undefined, 1, 6],
  ])
  expect(found.find(({ kind }) => kind === 'published-differs')!.detail).toBe('/amountMinor: 25 → 250')
})

it('finds what is shown sealed in a field that its readers are told is open', () => {
  const people = (personal?: object) =>
    rerun(
      contractOf(
        events('people', {
          Named: {
            data: z.object({ personId: z.string(), name: z.string() }),
            level: 'published',
            personal: { name: 'personId' },
            published: {
              1: { data: z.object({ label: z.string() }), from: ({ name }) => ({ label: name }), ...personal },
            },
          },
        }),
      ),
    )
  const found = (personal?: object) => {
    const run = people(personal)
    run.take({ position: 1, type: 'Named', schemaVersion: 1, data: { personId: 'p1', name: { sealed: '1.x' } } })
    return run.findings()
  }
  expect(found()).toMatchObject([{ kind: 'mapping-failed', version: 1, detail: expect.stringContaining('/label') }])
  expect(found({ personal: { label: 'personId' } })).toEqual([])
})

it('finds what the store could not lift: a step that is missing, or gives nothing', () => {
  const counted = (upcast: Record<number, (data: unknown) => unknown>) => {
    const data = z.object({ count: z.int() })
    const run = rerun(contractOf(events('pots', { Counted: { data, version: 2, upcast } })))
    run.take({ position: 1, type: 'Counted', schemaVersion: 1, data: { count: 1 } })
    return run.findings().map(({ kind }) => kind)
  }
  expect(counted({})).toEqual(['upcaster-failed'])
  expect(counted({ 1: () => undefined })).toEqual(['does-not-fit'])
  expect(counted({ 1: (data: unknown) => data })).toEqual([])
})
