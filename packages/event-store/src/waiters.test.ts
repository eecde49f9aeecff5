import { expect, it } from 'vitest'
import { Waiters } from './waiters.ts'

/** Those who wait for a log that says how far it reaches when the test has it say so. */
function waitersOf() {
  const answers: ((last: number) => void)[] = []
  const waiters = new Waiters(async () => {
    const told = waiters.asking()
    told(await new Promise<number>((answer) => answers.push(answer)))
  })
  const answered = async (last: number) => {
    answers.shift()!(last)
    await new Promise((turn) => setImmediate(turn))
  }
  return { waiters, answered }
}

it('keeps what it heard of over an answer that was asked for before', async () => {
  const { waiters, answered } = waitersOf()
  const waiting = waiters.wait(0, { waitMs: 10_000 })
  waiters.reached(1)
  expect(await waiting).toBe(1)
  await answered(0)
  expect(await waiters.wait(1, { waitMs: 1 })).toBe(1)
  waiters.close()
})

it('takes a log for as short as it says, where nothing more was heard of', async () => {
  const { waiters, answered } = waitersOf()
  waiters.reached(40)
  const waiting = waiters.wait(40, { waitMs: 10_000 })
  await answered(20)
  waiters.reached(21)
  waiters.close()
  expect(await waiting).toBe(21)
})
