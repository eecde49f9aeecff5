import { expect, it } from 'vitest'
import { clusterId } from './broker.ts'

it('names a cluster so that no tool takes the name for an option', () => {
  for (let time = 0; time < 2_000; time++) expect(clusterId()).toMatch(/^[A-Za-f][\w-]{21}$/)
})
