import { contractDocument, contractOf, events } from '@headwater/contract'
import { compareContracts } from '@headwater/contract/compare'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { changesSince, type Coded } from './contracts.ts'

function coded(fields: z.ZodRawShape): Coded {
  const facts = events('pots', { Saved: { data: z.object({ potId: z.string(), ...fields }), level: 'published' } })
  const contract = contractOf(facts)
  return { service: 'pots', contract, document: contractDocument(contract, { inside: true }), projections: [] }
}
const first = coded({ amountMinor: z.int(), note: z.string() })
const smaller = coded({})
const override = {
  hash: smaller.document.hash,
  who: 'ada',
  why: 'nobody reads it',
  at: '2026-11-30T00:00:00Z',
  changes: compareContracts(first.document, smaller.document),
}
const fields = (served: readonly Coded[], now: Coded) => {
  const kept = { contracts: served.map(({ document }) => document), readers: [], overrides: [override] }
  return [...new Set(changesSince(kept, now).map(({ at }) => at))]
}

it('lets through what was let through, served or not', () => {
  expect(fields([first], smaller)).toEqual([])
  expect(fields([first, smaller], smaller)).toEqual([])
})

it('lets it through also where more has changed, and only that', () => {
  const more = coded({ potId: z.int() })
  expect(fields([first], more)).toEqual(['/potId'])
  expect(fields([first, smaller], more)).toEqual(['/potId'])
})

it('holds what comes after against all that was served, also before what was let through', () => {
  const another = coded({ note: z.int().optional() })
  expect(fields([first, smaller], another)).toEqual(['/note'])
})
