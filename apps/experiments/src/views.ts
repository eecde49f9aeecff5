import { type Experiment, ExperimentRefused } from '@headwater/experiment'
import {
  analyse,
  conclude,
  decide,
  exposuresSql,
  field,
  ledger as ledgerOf,
  type LookAt,
  metricsOf,
  microsAt,
  type Observed,
  outlook,
  type Query,
  type Results,
  text,
  within,
} from '@headwater/experiment/analysis'
import { link, problem, view, type ViewContext } from '@headwater/service'
import { dossierOf } from './dossier.ts'
import { epochsOf } from './epochs.ts'
import { type experimentDecider, type ExperimentState, isOverdue } from './experiment.ts'
import { atOf } from './look-at.ts'
import { lookOf } from './looks.ts'
import type { Worker } from './worker.ts'

/** What views need of the service at work. */
export interface Seeing {
  readonly query: Query
  readonly experiment: ReturnType<typeof experimentDecider>
  readonly worker: () => Pick<Worker, 'look' | 'sums'>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

type Measured = ExperimentState & { readonly declaration: Experiment<any> }

/** Everything that is read of experiments beside their own state. */
export function views(on: Seeing) {
  return [list(on), results(on), looks(on), epochs(on), exposures(on), ledger(on), forecast(on), dossier(on)] as const
}

const list = ({ now }: Seeing) =>
  view(
    '/experiments',
    async (_, { rows }) => {
      const all = await rows<ExperimentState>('experiments', {})
      return { experiments: all.map(({ value }) => summary(value, now())) }
    },
    {
      title: 'Experiments',
      links: {
        experiment: ({ experiments }) => experiments.map(({ name }) => link('experiment', { experimentId: name })),
      },
    },
  )

function summary(state: ExperimentState, now: number) {
  const { name, phase, declaration, until, question, decision, override, service } = state
  return {
    name,
    phase,
    service,
    hypothesis: declaration?.hypothesis,
    decidedBy: declaration?.decidedBy,
    due: until ?? declaration?.lookOn ?? declaration?.decide?.by,
    overdue: isOverdue(state, now),
    question,
    override,
    decision,
  }
}

const results = (on: Seeing) =>
  view(
    '/experiments/{experimentId}/results{?at,time}',
    ofMeasured(on, async (state, { at, time }) => {
      const found = await resultsOf(on, state, atOf(at, time))
      const adopted = (await epochsOf(on.query, state.name)).flatMap(({ version, logs }) =>
        logs.map(({ service, afterMs }) => ({ service, version, afterMs })),
      )
      return { phase: state.phase, decision: decide(state.declaration, found), adopted, results: found }
    }),
    { name: 'results', title: 'What it says', links: back },
  )

/** At positions by SQL over all of history; now by the sums kept between looks. The same bytes both ways. */
async function resultsOf({ query, worker }: Seeing, state: Measured, at: LookAt | undefined): Promise<Results> {
  const explore = addedMetrics(state)
  const now = at === undefined && explore.length === 0 ? await worker().look(state.declaration) : undefined
  if (now !== undefined) return conclude(state.declaration, await worker().sums(state).look(now))
  const place = at ?? (await worker().look(state.declaration))
  return await analyse(state.declaration, { query, explore, ...(place && { at: place }) })
}

/** Metrics that the code has got since the seal: asked of the whole past, as exploratory ones. */
function addedMetrics({ declaration, amendment }: ExperimentState) {
  if (amendment === undefined || declaration === undefined) return []
  const sealed = metricsOf(declaration).map(({ name }) => name)
  return metricsOf(amendment).filter(({ name }) => !sealed.includes(name))
}

const looks = (on: Seeing) =>
  view(
    '/experiments/{experimentId}/looks',
    ofMeasured(on, async (state) => {
      const at = await on.worker().look(state.declaration)
      if (at === undefined) return { looks: [] }
      const sums = on.worker().sums(state)
      const now = await sums.look(at)
      return { looks: [...sums.days(), now].map((observed) => lookOf(state.declaration, observed)) }
    }),
    { name: 'looks', title: 'What it said day by day', links: back },
  )

const epochs = (on: Seeing) =>
  view(
    '/experiments/{experimentId}/epochs',
    async ({ experimentId }, context) =>
      (await stateOf(context, on.experiment, experimentId)) && { epochs: await epochsOf(on.query, experimentId) },
    { title: 'Which logs use which allocation, since when', name: 'epochs', links: back },
  )

const exposures = (on: Seeing) =>
  view(
    '/experiments/{experimentId}/exposures{?at,time}',
    ofMeasured(on, async (state, { at, time }) => {
      const { observed, sampleRatio } = await resultsOf(on, { ...state, amendment: undefined } as never, atOf(at, time))
      const { variants, carriedOver, era } = observed
      return {
        at: observed.at,
        era,
        variants,
        carriedOver,
        sampleRatio,
        perDay: await exposedPerDay(on.query, state, observed.at),
      }
    }),
    { name: 'exposures', title: 'Who was exposed', links: back },
  )

const faultsShown = 100

const ledger = (on: Seeing) =>
  view(
    '/experiments/{experimentId}/ledger{?at}',
    ofMeasured(on, async (state, { at }) => {
      const place = atOf(at, undefined)
      const { faults, ...counts } = await ledgerOf(state.declaration, { query: on.query, ...(place && { at: place }) })
      return { ...counts, unexplained: faults.length, faults: faults.slice(0, faultsShown) }
    }),
    { name: 'ledger', title: 'Recorded exposures held against assignment computed again', links: back },
  )

const forecast = (on: Seeing) =>
  view(
    '/experiments/{experimentId}/forecast',
    ofMeasured(on, async ({ declaration, allocation }) => {
      const of = (at: LookAt | undefined) => outlook(declaration, { query: on.query, ...(at && { at }) })
      const began = allocation === undefined ? undefined : await startedAt(on.query, declaration.name)
      if (began === undefined) return await of(await on.worker().look(declaration))
      // Once it runs, what was known before it began is the forecast; where nothing was, what is known now.
      return await of(began).catch(async (error: { code?: string }) => {
        if (error.code !== 'HW_NO_HISTORY') throw error
        return await of(await on.worker().look(declaration))
      })
    }),
    { name: 'forecast', title: 'What it can see, from history', links: back },
  )

const dossier = (on: Seeing) =>
  view(
    '/experiments/{experimentId}/dossier{?at,time}',
    ofMeasured(on, async (state, { at, time }) =>
      dossierOf(state.declaration, on.query, atOf(at, time) ?? (await on.worker().look(state.declaration))),
    ),
    { name: 'dossier', title: 'All that somebody else needs to come to the same result', links: back },
  )

const back = {
  experiment: (_: object, { variables }: { readonly variables: { readonly experimentId: string } }) =>
    link('experiment', { experimentId: variables.experimentId }),
}

/** Reads of an experiment that is measured; of others there is nothing. */
function ofMeasured<Asked extends { readonly experimentId: string }, State>(
  { experiment }: Seeing,
  read: (state: Measured, asked: Asked) => Promise<State>,
) {
  return async (asked: Asked, context: ViewContext): Promise<State | undefined> => {
    const state = await stateOf(context, experiment, asked.experimentId)
    if (state?.declaration?.primary === undefined) return undefined
    return await read(state as Measured, asked).catch(asProblem)
  }
}

/** What was asked wrongly, and what is not known yet, are answers; anything else is a failure. */
function asProblem(error: unknown): never {
  if (!(error instanceof ExperimentRefused)) throw error
  const { code, message } = error
  throw problem(code === 'HW_LOOK' || code === 'HW_TIME' ? 400 : 409, { code, detail: message })
}

/** From its log: rows are jsonb, which keeps no order of keys, and the order of variants is part of the seal. */
export async function stateOf(
  { load }: Pick<ViewContext, 'load'>,
  experiment: ReturnType<typeof experimentDecider>,
  id: string,
): Promise<ExperimentState | undefined> {
  const state: ExperimentState = await load(experiment, id)
  return state.phase === 'none' ? undefined : state
}

/** Units first exposed on a day (UTC), by variant, as of a look. */
async function exposedPerDay(query: Query, { name }: ExperimentState, at: Observed['at']) {
  const first = exposuresSql(name, within(at.positions, microsAt(at.time)))
  const rows =
    await query(`select strftime(make_timestamp(time), '%Y-%m-%d') as day, variant, cast(count(*) as varchar) as units
    from (${first}) group by all order by day, variant`)
  return rows.map((row) => ({ day: String(row.day), variant: String(row.variant), units: Number(row.units) }))
}

/** The moment of its first allocation. */
async function startedAt(query: Query, name: string): Promise<LookAt | undefined> {
  const rows = await query(`select strftime(min(recorded_at), '%Y-%m-%dT%H:%M:%S.%fZ') as time from events
    where type = 'AllocationChanged' and ${field('experiment')} = ${text(name)}`)
  const time = rows[0]?.time
  return typeof time === 'string' ? { time } : undefined
}
