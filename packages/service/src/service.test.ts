import { contractOf } from '@headwater/contract'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { count, decider, events, experiment, type InlineProjection, resource, service, view } from './index.ts'

const people = events('people', {
  Named: { data: z.object({ personId: z.string(), name: z.string() }), personal: { name: 'personId' } },
})
const person = decider('person', people, {
  commands: { rename: z.object({ name: z.string() }) },
  initialState: () => ({ name: '' }),
  decide: { rename: ({ name }, _, { id }) => [people.Named({ personId: id, name })] },
  evolve: { Named: (_, { name }) => ({ name }) },
})
const others = events('others', { Noticed: { data: z.object({ personId: z.string() }) } })
const names: InlineProjection = {
  name: 'names',
  decider: person,
  rows: (_, { id, state }) => [{ key: id, value: state }],
}

it('refuses an experiment that reads what others keep to themselves, and one whose unit nobody is named by', () => {
  const said = {
    hypothesis: 'People who see it come back more often.',
    variants: { a: 50, b: 50 },
    decide: { after: '14d', by: '2027-02-01' },
  } as const
  const reading =
    (primary: any, unit = 'personId') =>
    () =>
      service('people', {
        facts: people,
        resources: [],
        experiments: [experiment('helping', { ...said, unit, primary } as never)],
      })
  expect(reading(count(people.Named, { within: '7d' }))).not.toThrow()
  expect(reading(count(others.Noticed, { within: '7d' }))).toThrow(
    expect.objectContaining({ code: 'HW_METRIC_INTERNAL' }),
  )
  expect(reading(count(people.Named, { within: '7d' }), 'shoeId')).toThrow(
    expect.objectContaining({ code: 'HW_UNIT_UNKNOWN' }),
  )
})

it('refuses rows that personal data would be left open in, unless they say that it is meant', () => {
  const keeping = (projection: InlineProjection) => () =>
    service('people', { facts: people, resources: [], projections: [projection] })
  expect(keeping(names)).toThrow(expect.objectContaining({ code: 'HW_PROJECTION_PERSONAL' }))
  expect(keeping({ ...names, personal: true })).not.toThrow()
  expect(contractOf(people).types.get('Named')!.personal).toBeDefined()
})

it('refuses resources and routes that its own pages would hide', () => {
  const read = async () => ({})
  const refused = expect.objectContaining({ code: 'HW_PATH_TAKEN' })
  for (const path of ['/events/{eventId}', '/streams{?kind}', '/log'] as const)
    expect(() => service('people', { facts: people, resources: [view(path, read, { links: {} })] })).toThrow(refused)
  const routes = { contract: async () => new Response() }
  expect(() => service('people', { facts: people, resources: [], routes })).toThrow(refused)
  const fine = resource('/eventful/{personId}', person, { links: {}, actions: {} })
  expect(() => service('people', { facts: people, resources: [fine] })).not.toThrow()
})
