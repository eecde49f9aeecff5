import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Experiment, isSealed } from '@headwater/experiment'
import { analyseAlone, conclude, decide, type Observed, type Query } from '@headwater/experiment/analysis'
import { type Command, Ended, exitCode, type Invocation, required } from '../command.ts'
import { connect } from '../connection.ts'
import { pathOf } from '../experiments.ts'
import { readable } from './experiment.ts'

export const analyse: Command = {
  name: 'experiment analyse',
  usage: '--exposures FILE.sql --outcomes FILE.sql [--variants control=50,treatment=50] [--metric sum] [--within 28d]',
  options: {
    exposures: { type: 'string', says: 'a SELECT of unit, variant, time' },
    outcomes: { type: 'string', says: 'a SELECT of unit, time and, for sum, value' },
    variants: {
      type: 'string',
      says: 'names and weights, control first; else those found, alike, "control" or the first by name as control',
    },
    metric: { type: 'string', says: 'count, sum or share of units with an outcome; share' },
    within: { type: 'string', says: 'how long after its exposure a unit counts: 28d' },
    scale: { type: 'string', says: 'decimals of the values of sum; 0' },
    alpha: { type: 'string', says: 'how often to be wrong; 0.05' },
    once: { type: 'boolean', says: 'this is the one look that was planned: the tighter intervals of a fixed horizon' },
  },
  examples: [],
  async run(invocation) {
    const { options, output } = invocation
    const exposures = await sqlOf(invocation, 'exposures')
    const outcomes = await sqlOf(invocation, 'outcomes')
    const metric = oneOf(options.metric, ['share', 'count', 'sum'])
    const { query, close } = await duckdb(invocation.cwd)
    try {
      const variants = await variantsOf(options.variants, exposures, query)
      const number = (name: string) => (options[name] === undefined ? {} : { [name]: Number(options[name]) })
      const found = await analyseAlone(
        {
          name: 'outside',
          exposures,
          outcomes,
          variants,
          metric,
          within: String(options.within ?? '28d') as `${number}d`,
          ...number('scale'),
          ...number('alpha'),
          method: options.once === true ? 'fixed' : 'always-valid',
        },
        { query },
      )
      output.show(found, () => readable({ phase: 'alone', decision: found.decision, results: found.results }))
      output.say(found.ledger)
      return exitCode.ok
    } catch (error) {
      throw isAsked(error) ? new Ended(exitCode.failed, (error as Error).message.split('\n')[0]!) : error
    } finally {
      close()
    }
  },
}

/** What is wrong with the SELECTs is said by DuckDB: `Binder Error: …`. */
const isAsked = (error: unknown) => error instanceof Error && /^[A-Z][A-Za-z ]* Error: /.test(error.message)

async function sqlOf({ options, cwd }: Invocation, name: 'exposures' | 'outcomes'): Promise<string> {
  const file = options[name]
  if (file === undefined) throw new Ended(exitCode.usage, `Expected --${name} FILE.sql, a file that holds one SELECT.`)
  const sql = await readFile(resolve(cwd, String(file)), 'utf8').catch(() => undefined)
  if (sql === undefined) throw new Ended(exitCode.missing, `Expected the file ${String(file)}, it is not there.`)
  return sql.trim().replace(/;$/, '')
}

function oneOf<const T extends readonly string[]>(said: unknown, allowed: T): T[number] {
  const found = said ?? allowed[0]
  if (allowed.includes(found as string)) return found as T[number]
  throw new Ended(exitCode.usage, `Expected one of ${allowed.join(', ')}, got "${String(said)}".`)
}

async function variantsOf(said: unknown, exposures: string, query: Query): Promise<Record<string, number>> {
  if (typeof said === 'string') {
    const pairs = said.split(',').map((pair) => pair.split('=') as [string, string])
    return Object.fromEntries(pairs.map(([name, weight]) => [name, Number(weight)]))
  }
  const rows = await query(`select distinct cast(variant as varchar) as variant from (${exposures}) order by variant`)
  const names = rows.map(({ variant }) => String(variant))
  names.sort((a, b) => Number(b === 'control') - Number(a === 'control'))
  // Weights are hundredths of a percent that sum to 100: the first takes what does not divide.
  const each = Math.floor(10_000 / names.length)
  return Object.fromEntries(
    names.map((name, index) => [name, (index === 0 ? 10_000 - each * (names.length - 1) : each) / 100]),
  )
}

/** A DuckDB of this process's own, which reads files of the folder; nothing is fetched from anywhere. */
async function duckdb(folder: string): Promise<{ query: Query; close(): void }> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    file_search_path: folder,
  })
  const connection = await instance.connect()
  return {
    query: async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJS() as never,
    close() {
      connection.closeSync()
      instance.closeSync()
    },
  }
}

export const forecast: Command = {
  name: 'experiment forecast',
  usage: 'NAME',
  examples: ['headwater experiment forecast payees-proposed'],
  async run(invocation) {
    const name = required(forecast, invocation, 0, "an experiment's name")
    const { json } = await connect(invocation)
    const found = await json(pathOf(name, '/forecast'))
    invocation.output.show(found, () => {
      const { from, to, units } = found.history
      return [found.sentence, `from ${units} units between ${from.slice(0, 10)} and ${to.slice(0, 10)}`].join('\n')
    })
    return exitCode.ok
  },
}

export const dossier: Command = {
  name: 'experiment dossier',
  usage: 'NAME > FILE',
  examples: ['headwater experiment dossier round-ups'],
  async run(invocation) {
    const name = required(dossier, invocation, 0, "an experiment's name")
    const { json } = await connect(invocation)
    const { _links: _, _templates: __, ...found } = await json(pathOf(name, '/dossier'))
    invocation.output.print(JSON.stringify(found, null, 2))
    return exitCode.ok
  },
}

interface Dossier {
  readonly experiment: Experiment<any>
  readonly observed: Observed
  readonly results: unknown
  readonly decision: unknown
}

export const recompute: Command = {
  name: 'experiment recompute',
  usage: 'FILE',
  examples: [],
  async run(invocation) {
    const file = required(recompute, invocation, 0, 'the file of a dossier')
    const text = await readFile(resolve(invocation.cwd, file), 'utf8').catch(() => undefined)
    if (text === undefined) throw new Ended(exitCode.missing, `Expected the file ${file}, it is not there.`)
    const said = JSON.parse(text) as Dossier
    const results = conclude(said.experiment, said.observed)
    const again = { results, decision: decide(said.experiment, results) }
    const sealed = isSealed(said.experiment)
    const same = sealed && JSON.stringify(again) === JSON.stringify({ results: said.results, decision: said.decision })
    invocation.output.show({ same, ...again }, () =>
      same
        ? `the same bytes: ${again.decision.kind}, ${again.decision.because}`
        : !sealed
          ? `NOT what was sealed: the declaration's content does not match its seal ${said.experiment.seal}`
          : `NOT what the dossier says: its sums give ${again.decision.kind}, ${again.decision.because}`,
    )
    return same ? exitCode.ok : exitCode.found
  },
}
