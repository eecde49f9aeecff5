import type { MetaData } from './delta/actions.ts'

/** In the table's configuration: the lineage that a service's events are of, and those before it as a JSON array. */
const LOG = 'headwater.log.'
const FORMER = 'headwater.former.'

export function logOf(metaData: MetaData | undefined, service: string): string | undefined {
  return metaData?.configuration[`${LOG}${service}`]
}

export function formerLogs(metaData: MetaData | undefined, service: string): readonly string[] {
  return JSON.parse(metaData?.configuration[`${FORMER}${service}`] ?? '[]') as string[]
}

/** The configuration of a table whose events of a service go on under a name. */
export function followed(
  configuration: Readonly<Record<string, string>>,
  service: string,
  log: string,
): Readonly<Record<string, string>> {
  const [name, former] = [`${LOG}${service}`, `${FORMER}${service}`]
  const before = configuration[name]
  if (before === log) return configuration
  const names = [...(JSON.parse(configuration[former] ?? '[]') as string[]), ...(before === undefined ? [] : [before])]
  return { ...configuration, [name]: log, ...(names.length > 0 && { [former]: JSON.stringify(names) }) }
}
