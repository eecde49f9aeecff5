import { type ContractDocument, outsideOf, type Promised } from './document.ts'
import { isDay, typeName } from './events.ts'
import type { JsonSchema } from './schema.ts'
import { zodOf } from './zod-code.ts'

/** Which contract a pulled file holds. */
export interface Pulled {
  readonly service: string
  /** Entry URL it was pulled from. */
  readonly entry: string
  readonly hash: string
  /** The contract itself, as it was. */
  readonly contract: ContractDocument
}

const serviceName = /^[a-z][a-z0-9-]{0,39}$/
const heading = /^\/\/ Contract of ([a-z][a-z0-9-]*), pulled from (\S+)$/m
const kept = /^\/\/ contract: (\{.*\})$/m

/**
 * One TypeScript file for a consumer elsewhere: the published types as `events`, to be given to `consumer`, and the contract they
 * were made from, so that it can be told when it is behind. It needs `@headwater/contract` and `zod`.
 * The contract is another's text and the file is code: whatever it says becomes a literal, and a name that is none is refused.
 * @param versions published versions by type; the oldest of the others. Consumers get exactly these.
 * @throws `HW_CONTRACT_INVALID`
 */
export function pulledFile(
  contract: ContractDocument,
  entry: string,
  versions: Readonly<Record<string, number>> = {},
): string {
  // How the owner stores its data is none of a reader's business, even where it may look inside.
  const { service, hash, types } = outsideOf(contract)
  expected(serviceName.test(service), 'a service name like web-orders', service)
  for (const [type, { until }] of Object.entries(types)) {
    expected(typeName.test(type), 'event types like MoneyDeposited', type)
    expected(until === undefined || isDay(until), 'days like 2027-02-01', until)
  }
  for (const [type, version] of Object.entries(versions)) {
    const published = Object.hasOwn(types, type) ? Object.keys(types[type]!.published!) : []
    const there = Object.keys(types).join(', ')
    expected(published.length > 0, `the type ${type}`, there)
    expected(published.includes(String(version)), `version ${version} of ${type}`, published.join(', '))
  }
  return `// Contract of ${service}, pulled from ${new URL(entry).href}
// Made by \`headwater contract pull\`: pull again instead of editing; leave out types and fields that you do not read.
// \`headwater contract check\` says when it is behind, and whether that matters.
import { events } from '@headwater/contract'
import { z } from 'zod'

export const ${camel(service)} = events('${service}', {
${Object.entries(types)
  .map(([type, promised]) => declarationOf(type, promised, versions[type]))
  .join('\n')}
})

// contract: ${literal({ service, hash, types })}
`
}

function expected(holds: boolean, wanted: string, said: unknown): void {
  if (holds) return
  throw Object.assign(
    new Error(`Expected a contract with ${wanted}, got ${JSON.stringify(said).slice(0, 200)}. Nothing was written.`),
    { code: 'HW_CONTRACT_INVALID' },
  )
}

/** As code, also in a comment: these two end a line in JavaScript, and stand as they are in JSON. */
const literal = (value: unknown): string =>
  JSON.stringify(value).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')

/** Reads a pulled file back; undefined when it is none. */
export function readPulled(text: string): Pulled | undefined {
  const [found, json] = [heading.exec(text), kept.exec(text)]
  if (found === null || json === null) return undefined
  const contract = JSON.parse(json[1]!) as ContractDocument
  return { service: found[1]!, entry: found[2]!, hash: contract.hash, contract }
}

function declarationOf(
  type: string,
  { published = {}, level, until, key, personal, readers }: Promised,
  version = Math.min(...Object.keys(published).map(Number)),
): string {
  const schema: JsonSchema = published[version]!
  const lines = [
    `level: ${literal(level)},`,
    ...(version === 1 ? [] : [`version: ${version},`]),
    `reads: ${version},`,
    ...(key === undefined ? [] : [`key: ${literal(key)},`]),
    ...(personal === undefined ? [] : [`personal: ${literal(personal)},`]),
    ...(readers === undefined ? [] : [`readers: ${literal(readers)},`]),
    ...(until === undefined ? [] : [`until: ${literal(until)},`]),
    `data: ${zodOf(schema, schema, '    ')},`,
  ]
  return `  ${type}: {\n${lines.map((line) => `    ${line}`).join('\n')}\n  },`
}

const camel = (service: string) => service.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
