import { type InlineProjection, link, resource, type Running, service } from '@headwater/service'
import { experimentDecider, type ExperimentState, isHeld, isOpen, type Rules } from './experiment.ts'
import { facts } from './facts.ts'
import { type AskableLake, queryOf } from './lake.ts'
import { type Landscape, landscapeOf, removalView } from './removal.ts'
import { views } from './views.ts'
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
  let at: { readonly worker: Worker; readonly now: () => number; readonly landscape: Landscape } | undefined
  const working = () => {
    if (at === undefined) throw new Error('Expected the experiments service to have started.')
    return at
  }
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
    // Whoever may decide may remove what the experiment added: that is asked of the landscape in this service's name.
    scopes: ['experiments:read', 'experiments:work', 'experiments:decide', 'operate'],
    resources: [
      experimentResource(experiment),
      removalView(experiment, () => working().landscape),
      ...views({ query, experiment, worker: () => working().worker, now: () => working().now() }),
    ],
    start: (running) => {
      landscapes = running.surroundings.lake
      const looking = worker(running, query, { experiment, startAtOnce, onItsWayMs })
      at = { worker: looking, now: running.surroundings.now, landscape: landscapeOf(running) }
      return keepLooking(running, looking, everyMs)
    },
  })
}

function experimentResource(experiment: ReturnType<typeof experimentDecider>) {
  const people = 'experiments:decide'
  return resource('/experiments/{experimentId}', experiment, {
    links: {
      experiments: () => link('experiments', {}),
      epochs: ({ name }) => link('epochs', { experimentId: name }),
      removal: ({ name }) => link('removal', { experimentId: name }),
    },
    optionalLinks: {
      results: ofMeasured('results'),
      looks: ofMeasured('looks'),
      exposures: ofMeasured('exposures'),
      ledger: ofMeasured('ledger'),
      forecast: ofMeasured('forecast'),
      dossier: ofMeasured('dossier'),
    },
    actions: {
      propose: { scope: 'experiments:work' },
      judge: { scope: 'experiments:work' },
      start: { scope: people, when: ({ phase }) => phase === 'sealed', title: 'Start' },
      cover: { scope: people, when: ({ phase }) => phase === 'running', title: 'Show it to more' },
      decide: { scope: people, when: isOpen, title: 'Decide' },
      agree: {
        scope: people,
        // To whoever proposed it too: he is told that another person has to.
        when: ({ override }) => override !== undefined,
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
        when: (state) => state.phase === 'kept' || state.phase === 'killed' || isHeld(state),
        title: 'Take the decision back',
      },
    },
  })
}

/** People who decide look where they said they would; nothing was measured. */
const ofMeasured =
  (relation: string) =>
  ({ name, declaration }: ExperimentState) =>
    declaration?.primary === undefined ? undefined : link(relation, { experimentId: name })

/** Soon at first, when services declare; then every so often. */
const firstLookMs = 500

async function keepLooking(running: Running, { tick }: Worker, everyMs: number): Promise<() => Promise<void>> {
  const { log } = running.surroundings
  let stopped = false
  let wake = () => {}
  const done = (async () => {
    for (let pauseMs = Math.min(firstLookMs, everyMs); !stopped; pauseMs = Math.min(2 * pauseMs, everyMs)) {
      await new Promise<void>((resolve) => {
        wake = resolve
        setTimeout(resolve, pauseMs).unref()
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
