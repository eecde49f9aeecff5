import { type Acted, action, link, refuse, type Running, view, type ViewContext } from '@headwater/service'
import { z } from 'zod'
import type { experimentDecider, ExperimentState } from './experiment.ts'
import { stateOf } from './views.ts'

/** A service as the landscape would remove it. */
interface Going {
  readonly kind: 'service'
  readonly name: string
  readonly events: number
  readonly database: { readonly name: string; readonly bytes: number }
  readonly consumers: readonly string[]
  readonly projections: readonly string[]
  /** Who follows links to it: they will find nothing there. */
  readonly links: readonly { readonly service: string; readonly relation: string }[]
  /** What it settles first. */
  readonly windDown?: { readonly title: string; readonly left: number }
}

/** What goes with an experiment: its flag; and where it was killed, what it added. `byHand`: code, which a person takes out. */
type Goes =
  | Going
  | { readonly kind: 'flag' | 'consumer' | 'topic' | 'screen'; readonly name: string; readonly byHand: true }

export interface RemovalState {
  readonly experiment: string
  readonly phase: ExperimentState['phase']
  readonly goes: readonly Goes[]
  readonly readers: readonly { readonly service: string; readonly reader: string }[]
  readonly ready: boolean
  /** Why it is not ready. */
  readonly because?: string
  /** What went, and what was still there afterwards, of a removal that was carried out. */
  readonly gone?: readonly string[]
  readonly left?: readonly string[]
}

/** The landscape's own removal of services. */
export interface Landscape {
  /** `elsewhere`: it runs, and this landscape's process cannot remove it. */
  removal(
    service: string,
  ): Promise<(Omit<Going, 'kind' | 'name'> & { readonly readers: Readers }) | 'elsewhere' | undefined>
  remove(
    service: string,
  ): Promise<{ readonly archive: { readonly path: string; readonly events: number }; readonly left: readonly string[] }>
}
type Readers = readonly { readonly service: string; readonly consumer: string }[]

/** What removing an experiment takes, before and after, and the act itself: it goes on where it was killed. */
export function removalView(experiment: ReturnType<typeof experimentDecider>, landscape: () => Landscape) {
  const read = async (id: string, context: Pick<ViewContext, 'load'>): Promise<RemovalState | undefined> => {
    const state = await stateOf(context, experiment, id)
    return state && (await removalOf(state, landscape()))
  }
  return view('/experiments/{experimentId}/removal', ({ experimentId }, context) => read(experimentId, context), {
    name: 'removal',
    title: 'What goes when it is removed',
    links: { experiment: (_, { variables: { experimentId } }) => link('experiment', { experimentId }) },
    actions: {
      carryOut: action({
        scope: 'experiments:decide',
        title: 'Remove all of this',
        when: ({ ready }: RemovalState) => ready,
        input: z.object({ reason: z.string().trim().min(10).max(1000) }),
        async act({ reason }, { run, load }, { experimentId = '' }): Promise<Acted> {
          const before = (await read(experimentId, { load }))!
          const goes = before.goes.map(({ kind, name }) => `${kind} ${name}`)
          const begun = await run(experiment.beginRemoval, experimentId, { goes, reason })
          if (begun.kind === 'refused') return refuse(begun.code, begun.sentence)
          const archives = await removeAll(before.goes, landscape())
          // Listed again: what the landscape still knows is left, whatever the removal itself answered.
          const left = (await Promise.all(before.goes.map((one) => stillThere(one, landscape())))).flat()
          const gone = before.goes.flatMap((one) =>
            left.some((there) => there.startsWith(`${one.kind} ${one.name}`)) ? [] : [saidOf(one, archives)],
          )
          const done = await run(experiment.remove, experimentId, { gone, left, reason })
          if (done.kind === 'refused') return refuse(done.code, done.sentence)
        },
      }),
    },
  })
}

async function removalOf(state: ExperimentState, landscape: Landscape): Promise<RemovalState> {
  const { name, phase, removal } = state
  const found = { experiment: name, phase, goes: [], readers: [], ready: false }
  if (phase === 'removed') return { ...found, gone: removal?.gone ?? [], left: removal?.left ?? [] }
  const { goes, readers, elsewhere } = await present(state, landscape)
  const outside = readers.filter(({ reader }) => !goes.some((one) => reader.startsWith(`${one.name}/`)))
  const because =
    phase !== 'kept' && phase !== 'killed' && phase !== 'removing'
      ? `It is ${phase}. Decide first, then remove what it added.`
      : elsewhere.length > 0
        ? `${elsewhere.join(', ')} runs in another process. Remove it there.`
        : outside.length > 0
          ? `What it added is still read by ${outside.map(({ reader }) => reader).join(', ')}. Move them first.`
          : undefined
  return { ...found, goes, readers, ready: because === undefined, ...(because === undefined ? {} : { because }) }
}

async function present({ name, decision, declaration }: ExperimentState, landscape: Landscape) {
  const { services = [], consumers = [], topics = [], screens = [] } = declaration?.adds ?? {}
  const goes: Goes[] = [{ kind: 'flag', name, byHand: true }]
  const readers: { service: string; reader: string }[] = []
  const elsewhere: string[] = []
  // What was kept stays; only the choice between variants goes.
  if (decision?.verdict === 'keep') return { goes, readers, elsewhere }
  for (const service of services) {
    const found = await landscape.removal(service)
    if (found === 'elsewhere') elsewhere.push(service)
    if (found === undefined || found === 'elsewhere') continue
    const { events, database, consumers: own, projections, links, windDown } = found
    const settles = windDown === undefined ? {} : { windDown }
    goes.push({ kind: 'service', name: service, events, database, consumers: own, projections, links, ...settles })
    readers.push(...found.readers.map((one) => ({ service, reader: `${one.service}/${one.consumer}` })))
  }
  const byHand = { consumer: consumers, topic: topics, screen: screens } as const
  for (const [kind, names] of Object.entries(byHand))
    goes.push(...names.map((one) => ({ kind: kind as keyof typeof byHand, name: one, byHand: true as const })))
  return { goes, readers, elsewhere }
}

async function removeAll(goes: readonly Goes[], landscape: Landscape): Promise<Map<string, string>> {
  const archives = new Map<string, string>()
  for (const { kind, name } of goes) {
    if (kind !== 'service') continue
    const { archive } = await landscape.remove(name)
    archives.set(name, `archived in ${archive.path} (${archive.events} events)`)
  }
  return archives
}

async function stillThere(one: Goes, landscape: Landscape): Promise<string[]> {
  if (one.kind !== 'service') return [`${one.kind} ${one.name}: taken out of the code by hand`]
  return (await landscape.removal(one.name)) === undefined ? [] : [`service ${one.name}`]
}

function saidOf(one: Goes, archives: ReadonlyMap<string, string>): string {
  if (one.kind !== 'service') return `${one.kind} ${one.name}`
  return `service ${one.name} with database ${one.database.name}, ${one.consumers.length} consumers, ${one.projections.length} projections; ${archives.get(one.name)}`
}

/** Removals asked of the landscape over HTTP, in this service's own name. */
export function landscapeOf({ surroundings: { entry, fetch } }: Running): Landscape {
  const said = async (path: string, method = 'GET') => {
    const response = await fetch(new URL(path, entry), { method, headers: { accept: 'application/json' } })
    if (response.ok) return (await response.json()) as any
    if (response.status === 404) return undefined
    throw new Response(response.body, {
      status: response.status,
      headers: { 'content-type': 'application/problem+json' },
    })
  }
  return {
    async removal(service) {
      const found = await said(`removals/${service}`)
      if (found !== undefined) return found
      const { _links: links } = await said('')
      const known = ([links?.service ?? []].flat() as { name: string }[]).some(({ name }) => name === service)
      return known ? 'elsewhere' : undefined
    },
    remove: (service) => said(`removals/${service}`, 'POST'),
  }
}
