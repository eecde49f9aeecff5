import type { Command } from './command.ts'

/** A command as the list knows it; its code is loaded when it runs, so that each starts as fast as it can. */
export interface Listed {
  /** `events`, or of two words: `new service`. */
  readonly name: string
  /** One line. */
  readonly summary: string
  load(): Promise<Command>
}

/** Everything `headwater` can do, in the order its help shows. */
export const commands: readonly Listed[] = [
  {
    name: 'dev',
    summary: 'Runs a landscape: its services, a Postgres, one entry URL; a saved file replaces its service',
    load: async () => (await import('./commands/dev.ts')).dev,
  },
  {
    name: 'ps',
    summary: 'Services, how far their logs are, and their consumers with lag and parked events',
    load: async () => (await import('./commands/ps.ts')).ps,
  },
  {
    name: 'call',
    summary: 'Reads a URL of the landscape, or runs an action of it with --data',
    load: async () => (await import('./commands/call.ts')).call,
  },
  {
    name: 'events',
    summary: 'Events of a service, in order; with --follow also those to come',
    load: async () => (await import('./commands/events.ts')).events,
  },
  {
    name: 'query',
    summary: 'Asks SQL over every event kept',
    load: async () => (await import('./commands/query.ts')).query,
  },
  {
    name: 'token',
    summary: 'A bearer token of the development issuer',
    load: async () => (await import('./commands/token.ts')).token,
  },
  {
    name: 'simulate',
    summary: 'Customers live in the landscape for some days, in seconds',
    load: async () => (await import('./commands/simulate.ts')).simulate,
  },
  {
    name: 'history',
    summary: 'All that happened to one entity, or what it was at a moment',
    load: async () => (await import('./commands/history.ts')).history,
  },
  {
    name: 'diff',
    summary: 'What changed of an entity between two moments',
    load: async () => (await import('./commands/diff.ts')).diff,
  },
  {
    name: 'blame',
    summary: 'The event that changed a field last, and who asked for it',
    load: async () => (await import('./commands/blame.ts')).blame,
  },
  {
    name: 'why',
    summary: 'What led to an event, and what it led to, across services',
    load: async () => (await import('./commands/why.ts')).why,
  },
  {
    name: 'new landscape',
    summary: 'Writes a new landscape into a folder of its own: the example bank, or nearly nothing',
    load: async () => (await import('./commands/new-landscape.ts')).newLandscape,
  },
  {
    name: 'new service',
    summary: 'Writes a small service and runs it beside the others, with all of history',
    load: async () => (await import('./commands/new-service.ts')).newService,
  },
  {
    name: 'rm service',
    summary: 'Removes a service: lists who reads it, archives its log, leaves nothing else',
    load: async () => (await import('./commands/rm-service.ts')).rmService,
  },
  {
    name: 'forget',
    summary: "Deletes a person's keys: their personal data is unreadable in every copy",
    load: async () => (await import('./commands/forget.ts')).forget,
  },
  {
    name: 'rebuild',
    summary: 'Makes projections, and tables of consumers, anew beside the ones that are read',
    load: async () => (await import('./commands/rebuild.ts')).rebuild,
  },
  {
    name: 'rewind',
    summary: 'Lets a consumer handle its past again; what it did outside stays done',
    load: async () => (await import('./commands/rewind.ts')).rewind,
  },
  {
    name: 'contract check',
    summary:
      'Refuses what would break a reader or history, and names them; in another repository: is what was pulled behind',
    load: async () => (await import('./commands/contract-check.ts')).contractCheck,
  },
  {
    name: 'contract pull',
    summary: "Writes a service's contract as one TypeScript file, for a consumer in another repository",
    load: async () => (await import('./commands/contract-pull.ts')).contractPull,
  },
  {
    name: 'contract export',
    summary: 'What a service publishes, as AsyncAPI 3 or JSON',
    load: async () => (await import('./commands/contract-export.ts')).contractExport,
  },
  {
    name: 'contract history',
    summary: 'Runs upcasters, schemas, mappings and projections of the code over every stored event: what would differ',
    load: async () => (await import('./commands/contract-history.ts')).contractHistory,
  },
  {
    name: 'render',
    summary: 'The same landscape as a compose file, from one description',
    load: async () => (await import('./commands/render.ts')).render,
  },
  {
    name: 'parked',
    summary: 'Events a consumer put aside; to try again or leave out',
    load: async () => (await import('./commands/parked.ts')).parked,
  },
  {
    name: 'migrate',
    summary: "A service's schema as SQL, for a database whose owner is another",
    load: async () => (await import('./commands/migrate.ts')).migrate,
  },
  {
    name: 'adopt',
    summary: 'Goes on after a restored backup: the log forks, and its readers are told',
    load: async () => (await import('./commands/adopt.ts')).adopt,
  },
  {
    name: 'export',
    summary: 'The whole log of a service as CloudEvents',
    load: async () => (await import('./commands/export.ts')).exportLog,
  },
  {
    name: 'import',
    summary: 'Takes an exported log into the empty one of a service',
    load: async () => (await import('./commands/import.ts')).importLog,
  },
  {
    name: 'conform',
    summary: 'Tries a feed, of whatever make, against the spec',
    load: async () => (await import('./commands/conform.ts')).conform,
  },
  {
    name: 'doctor',
    summary: 'Looks for what is wrong here: versions, ports, Postgres, leftovers, consumers that stand',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    name: 'open',
    summary: 'Opens the landscape in the browser',
    load: async () => (await import('./commands/open.ts')).open,
  },
  {
    name: 'wait',
    summary: 'Waits until the landscape is ready',
    load: async () => (await import('./commands/wait.ts')).wait,
  },
  {
    name: 'completion',
    summary: 'Lets the shell complete commands and options',
    load: async () => (await import('./commands/completion.ts')).completion,
  },
  {
    name: 'experiment list',
    summary: 'Experiments and where they stand',
    load: async () => (await import('./commands/experiment.ts')).experiments,
  },
  {
    name: 'experiment results',
    summary: 'What an experiment says now, or said at positions',
    load: async () => (await import('./commands/experiment.ts')).results,
  },
  {
    name: 'experiment decide',
    summary: 'A person decides: keep or kill, with a reason',
    load: async () => (await import('./commands/experiment-deciding.ts')).decide,
  },
  {
    name: 'experiment agree',
    summary: 'A second person agrees to overrule a sealed rule',
    load: async () => (await import('./commands/experiment-deciding.ts')).agree,
  },
  {
    name: 'experiment extend',
    summary: 'Decided by people: one more period, with a reason',
    load: async () => (await import('./commands/experiment-deciding.ts')).extend,
  },
  {
    name: 'experiment resume',
    summary: 'Takes a decision back; the experiment runs again',
    load: async () => (await import('./commands/experiment-deciding.ts')).resume,
  },
  {
    name: 'experiment forecast',
    summary: 'In how many days it can see the effect it states, from real history',
    load: async () => (await import('./commands/experiment-analysis.ts')).forecast,
  },
  {
    name: 'experiment replay',
    summary: 'What if: runs stored requests through the code as it is now, and says who would differ',
    load: async () => (await import('./commands/experiment-replay.ts')).replay,
  },
  {
    name: 'experiment analyse',
    summary: 'The full result for exposures and outcomes from anywhere, by two SELECTs',
    load: async () => (await import('./commands/experiment-analysis.ts')).analyse,
  },
  {
    name: 'experiment dossier',
    summary: 'All that a third party needs to compute the results again',
    load: async () => (await import('./commands/experiment-analysis.ts')).dossier,
  },
  {
    name: 'experiment recompute',
    summary: 'Computes a dossier again from its sums: the same bytes, or it was changed',
    load: async () => (await import('./commands/experiment-analysis.ts')).recompute,
  },
  {
    name: 'experiment check',
    summary: 'Fails while code of a decided experiment is there',
    load: async () => (await import('./commands/experiment-removal.ts')).check,
  },
  {
    name: 'experiment remove',
    summary: 'Removes what a decided experiment added: listed, wound down, archived, gone',
    load: async () => (await import('./commands/experiment-removal.ts')).remove,
  },
]
