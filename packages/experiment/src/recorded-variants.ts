import { assign } from './assign.ts'
import { type Adoption } from './era.ts'
import { adoptions } from './observe.ts'
import type { VariantThen } from './replay.ts'
import { field, type Query, text } from './sql.ts'

/**
 * The variants that a service's requests had: as the request was exposed or withheld it, else by the allocation its log used at that place; control before the first.
 * @param experiments those whose code is replayed.
 */
export async function recordedVariants(
  query: Query,
  service: string,
  experiments: readonly string[],
): Promise<VariantThen> {
  const own = `service = ${text(service)}`
  const rows = await query(`select ${field('request')} as request, ${field('experiment')} as experiment,
      ${field('unit')} as unit, ${field('variant')} as variant
    from events where type in ('ExperimentExposed', 'ExperimentWithheld') and ${own}`)
  const keyOf = (...parts: readonly unknown[]) => parts.join(' ')
  const exposed = new Map(
    rows.map(({ request, experiment, unit, variant }) => [keyOf(request, experiment, unit), String(variant)]),
  )
  const adopted = new Map<string, Adoption[]>()
  for (const name of experiments) adopted.set(name, await adoptions(query, name, own))
  return ({ name, control }, unit, { request, position }) => {
    const recorded = exposed.get(keyOf(request, name, unit))
    if (recorded !== undefined) return recorded
    const inUse = adopted.get(name)?.findLast((one) => one.position < position)?.allocation
    // Attributes are recorded with exposures alone: who was not exposed where they are needed had control.
    return inUse === undefined || inUse.eligible !== undefined ? control : assign(inUse, unit).variant
  }
}
