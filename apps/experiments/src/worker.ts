import { type Experiment, isSealed } from '@headwater/experiment'
import { conclude, decide, type Decision, field, type Query } from '@headwater/experiment/analysis'
import type { Running } from '@headwater/service'
import type { experimentDecider, ExperimentState } from './experiment.ts'
import { type KeptSums, keptSums, type Passed } from './kept-sums.ts'
import { type Moment, passed } from './lake.ts'
import { logsOf, momentOf } from './moment.ts'

export interface Worker {
  /** The latest moment that all logs it needs have surely passed; undefined while the lake is behind. */
  look(experiment: Experiment<any>): Promise<Passed | undefined>
  /** What is kept of an experiment between looks. */
  sums(state: ExperimentState): KeptSums
  /** Takes up what services declare, judges every running experiment once. Errors of one experiment are logged and stop no other. */
  tick(): Promise<void>
}

export interface WorkerOptions {
  readonly experiment: ReturnType<typeof experimentDecider>
  readonly startAtOnce: boolean
  /** An append is recorded under its log's lock and committed at once: nothing recorded longer ago is still on its way. Default 10,000. */
  readonly onItsWayMs?: number
}

/** Looks at experiments by the lake and acts through the service's own actions, as anybody else would. */
export function worker(
  running: Running,
  query: Query,
  { experiment: lives, startAtOnce, onItsWayMs = 10_000 }: WorkerOptions,
): Worker {
  const { entry, basePath, fetch, now, log } = running.surroundings
  async function act(name: string, action: string, input: unknown, key: string): Promise<void> {
    const response = await fetch(new URL(`${basePath}/experiments/${name}/${action}`, entry), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(input),
    })
    const answer = await response.text()
    if (!response.ok)
      log('warn', 'experiment-action-refused', { experiment: name, action, status: response.status, answer })
  }
  async function takeUp(known: ReadonlyMap<string, ExperimentState>): Promise<void> {
    for (const { service, declaration, event } of await declarations(query)) {
      const { name, seal } = declaration
      const state = known.get(name)
      // Named after the event that says it: what code says again after something else is asked again.
      if (!isKnown(state, service, seal)) await act(name, 'propose', { service, declaration }, `propose:${event}`)
      if (startAtOnce && (state === undefined || state.phase === 'sealed'))
        await act(name, 'start', {}, `start:${seal}`)
    }
  }
  const sums = new Map<string, KeptSums>()
  /** One for each seal: an amendment is another experiment to its sums. */
  function sumsOf({ declaration }: ExperimentState): KeptSums {
    const { seal } = declaration!
    const found = sums.get(seal) ?? keptSums(declaration!, query)
    sums.set(seal, found)
    return found
  }
  const lookAt = async (experiment: Experiment<any>, moment: Moment) =>
    await passed(query, moment, { needed: await logsOf(experiment, query) })
  async function judge(state: ExperimentState, moment: Moment): Promise<void> {
    const { declaration, name } = state
    const decision =
      declaration!.decidedBy === 'rule'
        ? await byRule(declaration!, sumsOf(state), await lookAt(declaration!, moment))
        : byPeople(state, now())
    if (decision.kind === 'wait') return
    const { kind, because, positions, time } = decision
    const input = {
      kind,
      because,
      at: { positions, time },
      ...('variant' in decision && { variant: decision.variant }),
      ...('hold' in decision && { hold: decision.hold }),
    }
    await act(
      name,
      'judge',
      input,
      `judge:${declaration!.seal}:${state.allocation?.version}:${state.until ?? ''}:${kind}`,
    )
  }
  return {
    sums: sumsOf,
    look: async (experiment) => await lookAt(experiment, await momentOf(running, onItsWayMs)),
    async tick() {
      const known = new Map((await states(running, lives)).map((state) => [state.name, state]))
      await takeUp(known)
      const moment = await momentOf(running, onItsWayMs)
      for (const state of known.values()) {
        if (state.phase !== 'running') continue
        await judge(state, moment).catch((error: Error) =>
          log('error', 'experiment-not-judged', { experiment: state.name, message: error.message }),
        )
      }
    },
  }
}

/** Every experiment the service keeps, from its log: rows keep no order of variants. */
async function states(
  { query, load }: Pick<Running, 'query' | 'load'>,
  experiment: WorkerOptions['experiment'],
): Promise<ExperimentState[]> {
  const rows = await query<{ key: string }>(
    `select key from headwater.rows where projection = 'experiments' order by key`,
  )
  return await Promise.all(rows.map(({ key }) => load(experiment, key)))
}

type Judgement = Decision & { readonly positions: Readonly<Record<string, number>>; readonly time: string }

/** While the lake is behind, or no service uses what was sealed yet, nothing is judged. */
async function byRule(declaration: Experiment<any>, sums: KeptSums, at: Passed | undefined): Promise<Judgement> {
  if (at === undefined) return { kind: 'wait', because: 'the lake is behind', positions: {}, time: '' }
  const observed = await sums.look(at).catch(notYetUsed)
  if (observed === undefined) return { kind: 'wait', because: 'no service uses what was sealed yet', ...at }
  return { ...decide(declaration, conclude(declaration, observed)), ...observed.at }
}

function byPeople({ declaration, until }: ExperimentState, nowMs: number): Judgement {
  const time = new Date(nowMs).toISOString()
  const due = until ?? declaration!.lookOn!
  const decision: Decision =
    time.slice(0, 10) >= due
      ? { kind: 'ask', hold: false, because: `the day to look has come (${due}): ${declaration!.lookAt}` }
      : { kind: 'wait', because: `people look on ${due}` }
  return { ...decision, positions: {}, time }
}

function notYetUsed(error: { code?: string }): undefined {
  if (error.code !== 'HW_OTHER_SEAL') throw error
}

/** Others may run an experiment that one service keeps declared: theirs may be behind, or ahead, while both are deployed. */
function isKnown(state: ExperimentState | undefined, service: string, seal: string): boolean {
  const { declaration, amendment } = state ?? {}
  if (state?.service === service) return (amendment ?? declaration)?.seal === seal
  return [declaration?.seal, amendment?.seal].includes(seal)
}

/** What every service's code declares now: the last declaration each has recorded. */
async function declarations(query: Query): Promise<{ service: string; declaration: Experiment<any>; event: string }[]> {
  const named = field('experiment')
  const rows = await query(`select distinct on (service, ${named}) service, id, data from events
    where type = 'ExperimentDeclared' order by service, ${named}, position desc`)
  return rows
    .map((row) => ({
      service: String(row.service),
      event: String(row.id),
      declaration: JSON.parse(String(row.data)).declaration as Experiment<any>,
    }))
    .filter(({ declaration }) => isSealed(declaration))
}
