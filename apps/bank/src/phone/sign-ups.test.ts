import { expect, it } from 'vitest'
import { signUpBounds } from './sign-ups.ts'

/** Status and Retry-After of what is thrown; undefined where somebody is let in. */
function outcome(letIn: (address: string) => void, address: string): [number, string | null] | undefined {
  try {
    letIn(address)
    return undefined
  } catch (refusal) {
    const { status, headers } = refusal as Response
    return [status, headers.get('retry-after')]
  }
}

it('lets thirty join from one address, then one a minute, and others all the while', () => {
  let now = 0
  const letIn = signUpBounds(() => now)
  for (let one = 0; one < 30; one++) expect(outcome(letIn, 'a')).toBeUndefined()
  expect(outcome(letIn, 'a')).toEqual([429, '60'])
  expect(outcome(letIn, 'b')).toBeUndefined()
  now += 60_000
  expect(outcome(letIn, 'a')).toBeUndefined()
  expect(outcome(letIn, 'a')).toEqual([429, '60'])
})

it('lets no more than a thousand join at once, from however many addresses', () => {
  let now = 0
  const letIn = signUpBounds(() => now)
  for (let one = 0; one < 1_000; one++) expect(outcome(letIn, `address ${one}`)).toBeUndefined()
  expect(outcome(letIn, 'another')).toEqual([429, '2'])
  now += 2_000
  expect(outcome(letIn, 'another')).toBeUndefined()
})
