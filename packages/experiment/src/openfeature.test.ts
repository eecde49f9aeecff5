import { OpenFeature, type Provider } from '@openfeature/server-sdk'
import { afterEach, expect, it } from 'vitest'
import type { Allocation } from './allocation.ts'
import { assign } from './assign.ts'
import type { StreamAppend } from './exposure.ts'
import { experimentProvider } from './openfeature.ts'

const allocation: Allocation = {
  experiment: 'round-ups',
  version: 1,
  seal: 'x',
  control: 'plain',
  seed: 'round-ups',
  variants: { plain: 50, rounded: 50 },
}

async function client(allocations: readonly Allocation[]) {
  const exposed: StreamAppend[] = []
  const held = new Map(allocations.map((one) => [one.experiment, one]))
  const provider: Provider = experimentProvider({ allocations: () => held, expose: (append) => exposed.push(append) })
  await OpenFeature.setProviderAndWait(provider)
  return { flags: OpenFeature.getClient(), exposed }
}
afterEach(() => OpenFeature.close())

it('answers with the variant, and hands over the exposure', async () => {
  const { flags, exposed } = await client([allocation])
  const details = await flags.getStringDetails('round-ups', 'none', { targetingKey: 'c1', requestId: 'r1' })
  const { variant } = assign(allocation, 'c1')
  expect(details).toMatchObject({ value: variant, variant, reason: 'SPLIT' })
  await flags.getStringValue('round-ups', 'none', { targetingKey: 'c1', requestId: 'r1' })
  expect(exposed.map(({ stream }) => stream)).toEqual(['exposure-round-ups.c1', 'exposure-round-ups.c1'])
  expect(exposed[0]!.events[0]!.id).toBe(exposed[1]!.events[0]!.id)
})

it('answers the default where the experiment is not running, and the winner where it is decided, exposing nobody', async () => {
  const { flags, exposed } = await client([{ ...allocation, experiment: 'decided', everybody: 'rounded' }])
  expect(await flags.getStringDetails('round-ups', 'none', { targetingKey: 'c1' })).toMatchObject({
    value: 'none',
    reason: 'DEFAULT',
  })
  expect(await flags.getStringDetails('decided', 'none', { targetingKey: 'c1' })).toMatchObject({
    value: 'rounded',
    reason: 'STATIC',
  })
  expect(exposed).toEqual([])
})

it('names what is missing by the codes of OpenFeature', async () => {
  const { flags } = await client([allocation])
  expect(await flags.getStringDetails('round-ups', 'none', {})).toMatchObject({
    value: 'none',
    errorCode: 'TARGETING_KEY_MISSING',
  })
  expect(await flags.getBooleanDetails('round-ups', false, { targetingKey: 'c1' })).toMatchObject({
    value: false,
    errorCode: 'TYPE_MISMATCH',
  })
})
