import { ExperimentRefused } from '@headwater/experiment'
import { analyse, decide, type LookAt, type Query } from '@headwater/experiment/analysis'
import { type InlineProjection, link, resource, type Running, service, view } from '@headwater/service'
import { dossierOf } from './dossier.ts'
import { experimentDecider, type ExperimentState, isOpen, type Rules } from './experiment.ts'
import { facts } from './facts.ts'
import { type AskableLake, queryOf } from './lake.ts'
import { type Worker, worker } from './worker.ts'

export interface ExperimentsOptions extends Rules {
  /** The lake that experiments are measured on; asked for at every look. Default: the landscape's. */
  readonly lake?: () => AskableLake | undefined
  /** How often running experiments are judged; default 10,000 ms. */
  readonly everyMs?: number
  /** Starts what is declared without waiting for a person: for development. Default false. */
  readonly startAtOnce?: boolean
  /** How long an append may be on its way to the lake; default 10,000 ms. */
  readonly onItsWayMs?: number
}

/** The service that keeps experiments: their seals, starts, allocations, decisions and removals, as events. */
export function experiments({
  lake,
  everyMs = 10_000,
  startAtOnce = false,
  onItsWayMs = 10_000,
  ...rules
}: ExperimentsOptions = {}) {
  let landscapes: () => AskableLake | undefined = () => undefined
  const query = queryOf(lake ?? (() => landscapes()))
  let now: Worker['look'] = async () => undefined
  const experiment = experimentDecider(rules)
  const projection: InlineProjection<ExperimentState> = {
    name: 'experiments',
    decider: experiment,
    rows: (_event, { id, state }) => [{ key: id, value: state }],
  }
  return service('experiments', {
    title: 'Experiments',
    facts,
    projections: [projection],
    scopes: ['experiments:read', 'experiments:work', 'experiments:decide'],
    resources: [experimentResource(experiment), ...views(query, () => now())],
    start: (running) => {
      landscapes = running.surroundings.lake
      const looking = worker(running, query, { startAtOnce, onItsWayMs })
      now = looking.look
      return keepLooking(running, looking, everyMs)
    },
  })
}

function experimentResource(experiment: ReturnType<typeof experimentDecider>) {
  const people = 'experiments:decide'
  return resource('/experiments/{experimentId}', experiment, {
    links: {
      results: (state) => link('results', { experimentId: state.name }),
      dossier: (state) => link('dossier', { experimentId: state.name }),
    },
    actions: {
      propose: { scope: 'experiments:work' },
      judge: { scope: 'experiments:work' },
      start: { scope: people, when: ({ phase }) => phase === 'sealed', title: 'Start' },
      cover: { scope: people, when: ({ phase }) => phase === 'running', title: 'Show it to more' },
      decide: { scope: people, when: isOpen, title: 'Decide' },
      agree: {
        scope: people,
        when: ({ override }, { caller }) => override !== undefined && override.by !== caller?.subject,
        title: 'Agree to overrule the rule',
      },
      extend: {
        scope: people,
        when: (state) => isOpen(state) && state.declaration?.decidedBy === 'people',
        title: 'One more period',
      },
      amend: { scope: people, when: ({ amendment }) => amendment !== undefined, title: 'Adopt what the code says now' },
      resume: {
        scope: people,
        when: ({ phase, allocation }) =>
          phase === 'kept' || phase === 'killed' || (phase === 'asked' && allocation?.everybody !== undefined),
        title: 'Take the decision back',
      },
      remove: {
        scope: people,
        when: ({ phase }) => phase === 'kept' || phase === 'killed',
        title: 'Record its removal',
      },
    },
  })
}

function views(query: Query, now: Worker['look']) {
  const stateOf = async (
    rows: (projection: string, keys: { prefix?: string }) => Promise<{ key: string; value: unknown }[]>,
    id: string,
  ) => (await rows('experiments', { prefix: id })).find(({ key }) => key === id)?.value as ExperimentState | undefined
  const list = view(
    '/experiments',
    async (_, { rows }) => ({
      experiments: (await rows('experiments', {})).map(({ value }) => summary(value as ExperimentState)),
    }),
    { links: {} },
  )
  const results = view(
    '/experiments/{experimentId}/results{?at,time}',
    async ({ experimentId, at, time }, { rows }) => {
      const state = await stateOf(rows, experimentId)
      if (state?.declaration?.primary === undefined) return undefined
      const look = lookAt(at, time) ?? (await now())
      const found = await analyse(state.declaration, { query, ...(look && { at: look }) })
      const adopted = await adopters(query, experimentId)
      return { phase: state.phase, decision: decide(state.declaration, found), adopted, results: found }
    },
    { name: 'results', links: {} },
  )
  const dossier = view(
    '/experiments/{experimentId}/dossier{?at,time}',
    async ({ experimentId, at, time }, { rows }) => {
      const state = await stateOf(rows, experimentId)
      if (state?.declaration?.primary === undefined) return undefined
      return await dossierOf(state.declaration, query, lookAt(at, time) ?? (await now()))
    },
    { name: 'dossier', links: {} },
  )
  return [list, results, dossier] as const
}

/** `pots=1200,cards=88` and an RFC 3339 time; undefined where neither is said. Throws `HW_LOOK`. */
function lookAt(at: string | undefined, time: string | undefined): LookAt | undefined {
  if (at === undefined && time === undefined) return undefined
  const positions = at?.split(',').map((pair) => {
    const [, log, position] = /^([a-z][a-z0-9-]*)=(\d{1,15})$/.exec(pair) ?? []
    if (log === undefined)
      throw new ExperimentRefused('HW_LOOK', `Expected positions like pots=1200,cards=88, got "${at}".`)
    return [log, Number(position)] as const
  })
  return { ...(positions && { positions: Object.fromEntries(positions) }), ...(time !== undefined && { time }) }
}

function summary({ name, phase, declaration, until, question, decision, service: owner }: ExperimentState) {
  const due = until ?? declaration?.lookOn ?? declaration?.decide?.by
  return {
    name,
    phase,
    service: owner,
    hypothesis: declaration?.hypothesis,
    decidedBy: declaration?.decidedBy,
    due,
    question,
    decision,
  }
}

/** Which logs use which version of the allocation, and how long after it was changed. */
async function adopters(query: Query, experiment: string) {
  const named = `json_extract_string(data, '$.experiment') = '${experiment}'`
  const version = `cast(json_extract_string(data, '$.version') as bigint)`
  const rows =
    await query(`select a.service, cast(a.version as varchar) as version, cast(date_diff('millisecond', c.time, a.time) as varchar) as after
    from (select service, ${version} as version, recorded_at as time from events where type = 'AllocationAdopted' and ${named}) a
    join (select ${version} as version, recorded_at as time from events where type = 'AllocationChanged' and ${named}) c on c.version = a.version
    order by a.version, a.service`)
  return rows.map((row) => ({ service: String(row.service), version: Number(row.version), afterMs: Number(row.after) }))
}

async function keepLooking(running: Running, { tick }: Worker, everyMs: number): Promise<() => Promise<void>> {
  const { log } = running.surroundings
  let stopped = false
  let wake = () => {}
  const done = (async () => {
    while (!stopped) {
      await new Promise<void>((resolve) => {
        wake = resolve
        setTimeout(resolve, everyMs).unref()
      })
      if (!stopped)
        await tick().catch((error: Error) => log('error', 'experiments-not-looked-at', { message: error.message }))
    }
  })()
  return async () => {
    stopped = true
    wake()
    await done
  }
}
