import { type ContractDocument, outsideOf, type Promised } from './document.ts'
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

const heading = /^\/\/ Contract of ([a-z][a-z0-9-]*), pulled from (\S+)$/m
const kept = /^\/\/ contract: (\{.*\})$/m

/**
 * One TypeScript file for a consumer elsewhere: the published types as `events`, to be given to `consumer`, and the contract they
 * were made from, so that it can be told when it is behind. It needs `@headwater/contract` and `zod`.
 */
export function pulledFile(contract: ContractDocument, entry: string): string {
  // How the owner stores its data is none of a reader's business, even where it may look inside.
  const { service, hash, types } = outsideOf(contract)
  return `// Contract of ${service}, pulled from ${entry}
// Made by \`headwater contract pull\`: pull again instead of editing; leave out types and fields that you do not read.
// \`headwater contract check\` says when it is behind, and whether that matters.
import { events } from '@headwater/contract'
import { z } from 'zod'

export const ${camel(service)} = events('${service}', {
${Object.entries(types)
  .map(([type, promised]) => declarationOf(type, promised))
  .join('\n')}
})

// contract: ${JSON.stringify({ service, hash, types })}
`
}

/** Reads a pulled file back; undefined when it is none. */
export function readPulled(text: string): Pulled | undefined {
  const [found, json] = [heading.exec(text), kept.exec(text)]
  if (found === null || json === null) return undefined
  const contract = JSON.parse(json[1]!) as ContractDocument
  return { service: found[1]!, entry: found[2]!, hash: contract.hash, contract }
}

function declarationOf(type: string, { published = {}, level, until, key, personal, readers }: Promised): string {
  const version = Math.min(...Object.keys(published).map(Number))
  const schema: JsonSchema = published[version]!
  const lines = [
    `level: '${level}',`,
    ...(version === 1 ? [] : [`version: ${version},`]),
    ...(key === undefined ? [] : [`key: '${key}',`]),
    ...(personal === undefined ? [] : [`personal: ${JSON.stringify(personal)},`]),
    ...(readers === undefined ? [] : [`readers: ${JSON.stringify(readers)},`]),
    ...(until === undefined ? [] : [`until: '${until}',`]),
    `data: ${zodOf(schema, schema, '    ')},`,
  ]
  return `  ${type}: {\n${lines.map((line) => `    ${line}`).join('\n')}\n  },`
}

const camel = (service: string) => service.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
