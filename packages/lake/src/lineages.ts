import type { MetaData } from './delta/actions.ts'

type Configuration = MetaData['configuration']

/** In the table's configuration: the lineage that a service's events are of, and those before it as a JSON array. */
const LOG = 'headwater.log.'
const FORMER = 'headwater.former.'

export function logOf(metaData: MetaData | undefined, service: string): string | undefined {
  return metaData?.configuration[`${LOG}${service}`]
}

export function formerLogs(metaData: MetaData | undefined, service: string): readonly string[] {
  return namesOf(metaData?.configuration ?? {}, service)
}

function namesOf(configuration: Configuration, service: string): readonly string[] {
  return JSON.parse(configuration[`${FORMER}${service}`] ?? '[]') as string[]
}

/** The configuration of a table whose events of a service go on under a name. */
export function followed(configuration: Configuration, service: string, log: string): Configuration {
  const before = configuration[`${LOG}${service}`]
  if (before === log) return configuration
  const named = { ...configuration, [`${LOG}${service}`]: log }
  if (before === undefined) return named
  return { ...named, [`${FORMER}${service}`]: JSON.stringify([...namesOf(configuration, service), before]) }
}
