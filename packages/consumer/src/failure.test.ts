import { expect, it } from 'vitest'
import { backOffMs, Fatal, judge, keptError, ownTrouble, Poison, Retriable, transactionTrouble } from './failure.ts'

const coded = (code: string, more = {}) => Object.assign(new Error('x'), { code, ...more })

it.each([
  ['what a handler says', new Retriable('x'), 'retriable'],
  ['what a handler says', new Poison('x'), 'poison'],
  ['what a handler says', new Fatal('x'), 'fatal'],
  ['data that Postgres refuses', coded('23505'), 'poison'],
  ['a statement that is wrong', coded('42703'), 'poison'],
  ['data that the store refuses', coded('HW_INVALID_APPEND'), 'poison'],
  ['a mistake in the program', new TypeError('x is not a function'), 'poison'],
  ['a call elsewhere that failed', new TypeError('fetch failed', { cause: coded('ECONNREFUSED') }), 'retriable'],
  ['anything else', new Error('busy'), 'retriable'],
  ['anything else', 'a text', 'retriable'],
] as const)('judges %s (%s) as %s', (_, error, judgement) => {
  expect(judge(error)).toBe(judgement)
})

it.each([
  ['40001', 'again'],
  ['40P01', 'again'],
  ['HW_CONFLICT', 'again'],
  ['42P05', 'again'],
  ['26000', 'again'],
  ['08006', 'unknown'],
  ['57P01', 'unknown'],
  ['25006', 'unknown'],
  ['28P01', 'unknown'],
  ['HW_OUTCOME_UNKNOWN', 'unknown'],
  ['23505', undefined],
])('tells a transaction that broke (%s) from an event that is wrong', (code, trouble) => {
  expect(transactionTrouble(coded(code))).toBe(trouble)
})

it.each([
  ['57014', 'unknown'],
  ['25P03', 'unknown'],
  ['23503', undefined],
  ['HW_FATAL', undefined],
])('takes an error that no handler threw (%s) for passing, unless it can be about the events', (code, trouble) => {
  expect(ownTrouble(coded(code))).toBe(trouble)
})

it('takes a lost connection of its own for one, but not that of a call the handler made', () => {
  expect(transactionTrouble(coded('ECONNRESET', { syscall: 'read' }))).toBe('unknown')
  expect(transactionTrouble(new TypeError('fetch failed', { cause: coded('ECONNRESET') }))).toBeUndefined()
})

it('backs off up to a bound, however often', () => {
  expect([1, 2, 3, 50].map((attempt) => backOffMs(attempt, () => 0.999, { baseMs: 100, capMs: 1_000 }))).toEqual([
    200, 400, 800, 999,
  ])
})

it('keeps an error in a form that Postgres takes', () => {
  const kept = keptError(new Error(`a\0b\ud800c${'x'.repeat(5_000)}`))
  expect(kept.message.startsWith('abc')).toBe(true)
  expect(kept.message.length).toBeLessThan(2_001)
})
