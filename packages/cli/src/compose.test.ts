import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { expect, it } from 'vitest'
import { composeFile, composition, type Deployment } from './compose.ts'

const deploy = (name: string) => readFileSync(new URL(`../../../deploy/${name}`, import.meta.url), 'utf8')
const bank = JSON.parse(deploy('landscape.json')) as Deployment

it('renders the compose file that is kept', () => {
  expect(composeFile(bank)).toBe(deploy('compose.yaml'))
})

it.each([true, false])('says nothing that the schema of compose files does not know, Kafka %s', (kafka) => {
  const schema = JSON.parse(readFileSync(new URL('../golden/compose-spec.json', import.meta.url), 'utf8'))
  // Its formats are Docker's own; its name of draft 7 is none.
  const ajv = new Ajv({ strict: false, validateFormats: false })
  const validate = ajv.compile({ ...schema, $schema: 'http://json-schema.org/draft-07/schema#' })
  const said = composition({ ...bank, kafka })
  expect(validate(said), ajv.errorsText(validate.errors)).toBe(true)
  expect(validate({ ...said, services: { landscape: { healthcheck: { retry: 12 } } } })).toBe(false)
})

it('names only services, volumes and secrets that are there', () => {
  const text = composeFile(bank)
  const section = (name: string) =>
    [...(text.split(`\n${name}:\n`)[1] ?? '').split(/\n(?=\S)/)[0]!.matchAll(/^ {2}(\w+):/gm)].map(([, found]) => found)
  const services = section('services')
  expect(services).toEqual(['postgres', 'landscape', 'kafka', 'connect', 'connector'])
  for (const [, used] of text.matchAll(/- '(\w+):\/(?!\/)/g)) expect(section('volumes')).toContain(used)
  for (const [, used] of text.matchAll(/\/run\/secrets\/(\w+)/g)) expect(section('secrets')).toContain(used)
  for (const [, used] of text.matchAll(/(?:http|@|:)\/?\/?(kafka|connect|landscape|postgres):\d/g))
    expect(services).toContain(used)
})

it('leaves out Kafka where nobody wants it', () => {
  const text = composeFile({ ...bank, kafka: false })
  expect(text).not.toMatch(/kafka|connect/)
})
