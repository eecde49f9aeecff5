import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { type AnyFacts, type ContractDocument, contractOf, outsideOf, readsOf, versionsOf } from '@headwater/contract'
import { type Broken, brokenBy, type Change, compareContracts } from '@headwater/contract/compare'
import { type Pulled, readPulled } from '@headwater/contract/export'
import { type Command, Ended, exitCode, type Invocation } from '../command.ts'
import { connect, type Connection, ended } from '../connection.ts'
import {
  changesSince,
  type Coded,
  codedContracts,
  contractUrl,
  keepInFile,
  type Kept,
  keptByLandscape,
  keptInFile,
  pulledFiles,
} from '../contracts.ts'
import { load } from '../workshop.ts'
import { historyOf, historyText } from './contract-history.ts'

/** A change, and what the check says to it. */
interface Judged extends Change {
  /** Service that makes it, or the pulled file that is behind. */
  readonly where: string
  readonly verdict: 'refused' | 'fine'
  readonly brokenReaders: readonly Broken[]
}

export const contractCheck: Command = {
  name: 'contract check',
  usage: '[SERVICE…] [--history] [--lock] [--override "why"]',
  options: {
    history: { type: 'boolean', says: 'also run the code over every stored event' },
    lock: { type: 'boolean', says: 'write down what is promised now, to compare with when no landscape runs' },
    override: { type: 'string', says: 'let a breaking change pass, for a reason that is kept' },
  },
  examples: ['headwater contract check', 'headwater contract check customers --json'],
  async run(invocation) {
    const { positionals, options, output, cwd } = invocation
    const coded = await codedContracts(cwd, positionals)
    const files = positionals.length > 0 ? [] : await pulledFiles(cwd)
    if (coded.length + files.length === 0)
      throw new Ended(
        exitCode.usage,
        `Expected services (src/*/service.ts) or pulled contracts in ${cwd}, found neither. Go to the landscape's folder.`,
      )
    const baseline = await baselineOf(invocation, coded)
    const judged = [
      ...coded.flatMap((one) => judge(baseline.kept[one.service], one)),
      ...(await Promise.all(files.map((file) => judgeFile(invocation, file)))).flat(),
    ]
    const findings = options.history === true ? await historyOf(await connect(invocation), coded, invocation) : []
    const refused = judged.filter(({ verdict }) => verdict === 'refused')
    // What another landscape promises, and what history shows, is nobody's to let through here.
    const through = typeof options.override === 'string' ? refused.filter((one) => isOf(one, coded)) : []
    const kept =
      through.length === 0
        ? baseline.kept
        : await letThrough(baseline, coded, through, String(options.override), invocation)
    const standing = refused.length - through.length + findings.length
    if (options.lock === true && standing === 0) await keepInFile(cwd, withCode(kept, coded))
    const compared = `${coded.length} services and ${files.length} pulled contracts against ${baseline.name}`
    const overridden = through.length === 0 ? {} : { overridden: through }
    output.show({ against: baseline.name, changes: judged, ...overridden, findings }, () =>
      [
        ...judged.filter((one) => !through.includes(one)).map(readable),
        ...findings.map(historyText),
        ...(through.length === 0 ? [] : [`Let through: ${through.length} changes, because: ${options.override}`]),
        `${standing === 0 ? 'Nothing breaks' : `Refused: ${standing}`} (${compared}).`,
      ].join('\n'),
    )
    return standing === 0 ? exitCode.ok : exitCode.found
  },
}

const isOf = ({ where }: Judged, coded: readonly Coded[]) => coded.some(({ service }) => service === where)

interface Baseline {
  readonly name: string
  readonly connection?: Connection
  readonly kept: Readonly<Record<string, Kept>>
}

/** The running landscape, or the file that was kept of one. */
async function baselineOf(invocation: Invocation, coded: readonly Coded[]): Promise<Baseline> {
  if (coded.length === 0) return { name: 'what is served', kept: {} }
  try {
    const connection = await connect(invocation)
    const pairs = await Promise.all(
      coded.map(async ({ service }) => [service, await keptByLandscape(connection, service)] as const),
    )
    const kept = Object.fromEntries(pairs.flatMap(([service, one]) => (one === undefined ? [] : [[service, one]])))
    return { name: connection.url, connection, kept }
  } catch (error) {
    const kept =
      error instanceof Ended && error.exit === exitCode.environment ? await keptInFile(invocation.cwd) : undefined
    if (kept === undefined) throw error
    return { name: 'contract.lock.json', kept }
  }
}

function judge(kept: Kept | undefined, coded: Coded): Judged[] {
  if (kept === undefined) return []
  return changesSince(kept, coded).map((change) => judgedFor(coded.service, change, brokenBy(change, kept.readers)))
}

function judgedFor(where: string, change: Change, brokenReaders: readonly Broken[]): Judged {
  const fine = change.breaks === 'readers' && brokenReaders.length === 0
  return { ...change, where, verdict: fine ? 'fine' : 'refused', brokenReaders }
}

/** A contract pulled into another repository: is it behind, and does that matter to what is read here? */
async function judgeFile(invocation: Invocation, file: string): Promise<Judged[]> {
  const pulled = readPulled(await readFile(join(invocation.cwd, file), 'utf8'))
  if (pulled === undefined)
    throw new Ended(
      exitCode.found,
      `Expected ${file} as \`contract pull\` wrote it, got a changed head or end. Pull it again.`,
    )
  const url = invocation.options.url ?? pulled.entry
  const connection = await connect({ ...invocation, options: { ...invocation.options, url } })
  const at = await contractUrl(connection, pulled.service)
  if (at === undefined)
    throw new Ended(exitCode.found, `${file} reads ${pulled.service}, which ${connection.url} no longer has.`)
  const now = outsideOf(await connection.json<ContractDocument>(at))
  if (now.hash === pulled.hash) return []
  const reads = await readsIn(invocation.cwd, file, pulled)
  const changes = compareContracts(pulled.contract, now).filter(({ breaks }) => breaks !== 'history')
  const judged = changes.map((change) => {
    const broken = brokenBy({ ...change, breaks: 'readers' }, [{ name: file, ...reads }])
    return { ...judgedFor(file, { ...change, breaks: 'readers' }, broken) }
  })
  if (!judged.some(({ verdict }) => verdict === 'refused'))
    invocation.output.say(`${file} is behind, and what it reads has not changed. Pull it again when you like.`)
  return judged
}

/** What the file's facts name, as somebody may have narrowed them; everything where that cannot be found out. */
async function readsIn(folder: string, file: string, { service }: Pulled) {
  try {
    const values = Object.values(await load<Record<string, unknown>>(folder, file))
    const facts = values.filter((one): one is AnyFacts => typeof one === 'object' && one !== null)
    const contract = facts.map((one) => contractOf(one)).find((one) => one?.service === service)
    return contract === undefined ? {} : { reads: readsOf(contract), versions: versionsOf(contract) }
  } catch {
    return {}
  }
}

/** Keeps what is let through where the contracts are kept; answers all that is kept, with that. */
async function letThrough(
  baseline: Baseline,
  coded: readonly Coded[],
  refused: readonly Judged[],
  why: string,
  invocation: Invocation,
): Promise<Baseline['kept']> {
  const who = invocation.env.GIT_AUTHOR_EMAIL ?? userInfo().username
  const kept: Record<string, Kept> = { ...baseline.kept }
  for (const { service, document } of coded) {
    const changes = refused.filter(({ where }) => where === service)
    if (changes.length === 0) continue
    const override = { hash: document.hash, who, why, changes }
    const before = kept[service]!
    kept[service] = { ...before, overrides: [...before.overrides, { ...override, at: new Date().toISOString() }] }
    if (baseline.connection === undefined) continue
    const url = await contractUrl(baseline.connection, service)
    const answer = await baseline.connection.fetch(`${url}/overrides`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(override),
    })
    if (!answer.ok) throw await ended(answer)
  }
  if (baseline.connection === undefined) await keepInFile(invocation.cwd, kept)
  return kept
}

/** What was kept, with the code's contracts as the newest. */
function withCode(kept: Readonly<Record<string, Kept>>, coded: readonly Coded[]): Record<string, Kept> {
  const all: Record<string, Kept> = { ...kept }
  for (const { service, document } of coded) {
    const before = all[service] ?? { contracts: [], readers: [], overrides: [] }
    const contracts = [...before.contracts.filter(({ hash }) => hash !== document.hash), document]
    all[service] = { ...before, contracts }
  }
  return all
}

function readable({ where, type, rule, at, sentence, suggestion, verdict, brokenReaders, breaks }: Judged): string {
  const head = `${verdict === 'refused' ? 'REFUSED' : 'fine   '}  ${where} ${type}${at === '' ? '' : ` ${at}`}  ${rule}`
  const readers = brokenReaders.map(({ reader, fields, declared, lastRead }) => {
    const what = declared
      ? fields.length === 0
        ? 'reads the type'
        : `reads ${fields.join(', ')}`
      : 'declared nothing, so it counts as reading everything'
    return `         breaks ${reader}: ${what}; last read ${lastRead ?? 'never seen'}`
  })
  const nobody = breaks === 'readers' && brokenReaders.length === 0 ? ['         Nobody reads it.'] : []
  return [
    head,
    `         ${sentence}`,
    ...readers,
    ...nobody,
    ...(verdict === 'refused' ? [`         ${suggestion}`] : []),
  ].join('\n')
}
