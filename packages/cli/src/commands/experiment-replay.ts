import { type Decider, definitionOf } from '@headwater/event-store'
import {
  type Query,
  recordedVariants,
  replay as run,
  type Replayed,
  type VariantThen,
} from '@headwater/experiment/analysis'
import type { Service } from '@headwater/service'
import { type Command, Ended, exitCode, type Invocation, required, wholeNumber } from '../command.ts'
import { connect, type Connection, ended } from '../connection.ts'
import { type Kept, landscapeOf, pathOf } from '../experiments.ts'
import { table } from '../output.ts'
import { load } from '../workshop.ts'

export const replay: Command = {
  name: 'experiment replay',
  usage: 'NAME [--from 2027-01-01] [--to 2027-02-01] [--variant V] [--resource pot]',
  options: {
    from: { type: 'string', says: 'the day or time from which requests are run again; the first' },
    to: { type: 'string', says: 'the day or time before which they are; the last' },
    variant: { type: 'string', says: 'what everybody gets; else the variant that each request had' },
    resource: { type: 'string', says: 'the resource whose requests are run again; else the first with a decider' },
    limit: { type: 'string', says: 'how many customers are shown; 20' },
  },
  examples: ['headwater experiment replay round-ups'],
  async run(invocation) {
    const { options, output } = invocation
    const limit = wholeNumber(invocation, 'limit') ?? 20
    const name = required(replay, invocation, 0, "an experiment's name")
    const connection = await connect(invocation)
    const { service, declaration } = await connection.json<Kept>(pathOf(name))
    if (declaration?.primary === undefined)
      throw new Ended(exitCode.failed, `${name} is decided by people: no code asks for its variants.`)
    const { resource, decider, experiments } = await codeNow(invocation, service)
    const query = everyRow(connection)
    const recorded = await recordedVariants(query, service, experiments)
    const { measure } = declaration.primary
    const found = await run(definitionOf(decider), {
      query,
      service,
      resource,
      category: definitionOf(decider).category,
      from: moment(options.from ?? '1970-01-01'),
      to: moment(options.to ?? '9999-12-31'),
      unit: declaration.unit,
      ...(measure?.field === undefined ? {} : { amount: measure.field, amountIn: measure.events.type }),
      variant: given(name, options.variant, declaration.variants, recorded),
    })
    const customers = perUnit(found)
    const plain = {
      ...found,
      amount: Number(found.amount),
      differ: found.differ.map((one) => ({ ...one, amount: Number(one.amount) })),
      customers,
    }
    output.show(plain, () => readable(found, customers.slice(0, limit), measure?.field))
    return exitCode.ok
  },
}

function moment(said: unknown): string {
  const time = new Date(String(said))
  if (!Number.isNaN(time.getTime())) return time.toISOString()
  throw new Ended(exitCode.usage, `Expected a day or time like 2027-01-31, got "${String(said)}".`)
}

function given(
  name: string,
  variant: unknown,
  variants: Readonly<Record<string, number>>,
  recorded: VariantThen,
): VariantThen {
  if (variant === undefined) return recorded
  if (typeof variant !== 'string' || !Object.hasOwn(variants, variant))
    throw new Ended(exitCode.usage, `Expected one of ${Object.keys(variants).join(', ')}, got "${String(variant)}".`)
  return (experiment, unit, asked) => (experiment.name === name ? variant : recorded(experiment, unit, asked))
}

/** The decider as the landscape's folder has it now. It is given states, times and variants; it has no store, so nothing is written. */
async function codeNow(invocation: Invocation, service: string) {
  const { default: made } = await load<{ default: Service }>(await landscapeOf(invocation), `src/${service}/service.ts`)
  const wanted = invocation.options.resource
  const found = made.resources.find((one) => 'decider' in one && (wanted === undefined || one.name === wanted))
  if (found === undefined)
    throw new Ended(
      exitCode.missing,
      `Expected a resource of ${service} with a decider, found none${wanted === undefined ? '' : ` named ${String(wanted)}`}.`,
    )
  const { decider } = found as unknown as { readonly decider: Decider }
  return { resource: found.name, decider, experiments: (made.experiments ?? []).map(({ name }) => name) }
}

/** Every row of an answer, however many: as an export. */
function everyRow({ fetch }: Connection): Query {
  return async (sql) => {
    const answer = await fetch('/lake/query', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sql, format: 'json' }),
    })
    if (!answer.ok) throw await ended(answer)
    return (await answer.json()) as Record<string, unknown>[]
  }
}

interface Customer {
  readonly unit: string
  readonly requests: number
  readonly amount: number
}

/** Who differs, most money first. */
function perUnit({ differ }: Replayed): Customer[] {
  const units = new Map<string, { requests: number; amount: number }>()
  for (const { unit = '(nobody)', amount } of differ) {
    const held = units.get(unit) ?? { requests: 0, amount: 0 }
    units.set(unit, { requests: held.requests + 1, amount: held.amount + Number(amount) })
  }
  return [...units].map(([unit, of]) => ({ unit, ...of })).sort((a, b) => Math.abs(b.amount) - Math.abs(a.amount))
}

function readable(
  { label, requests, differ, units, amount }: Replayed,
  customers: readonly Customer[],
  field: string | undefined,
): string {
  const money = field === undefined ? '' : `, ${field} ${amount >= 0n ? '+' : ''}${amount}`
  const all = `${differ.length} of ${requests} requests differ, of ${units} customers${money} (${label})`
  return customers.length === 0 ? all : `${all}\n${table(customers.map((one) => ({ ...one })))}`
}
