import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Contract, type ContractDocument, contractDocument } from '@headwater/contract'
import { type Change, compareContracts, type KnownReader } from '@headwater/contract/compare'
import type { AnyProjection } from '@headwater/event-store'
import { wholeContract } from '@headwater/service/landscape'
import { Ended, exitCode } from './command.ts'
import type { Connection } from './connection.ts'
import { make, serviceFolders } from './workshop.ts'

/** A service's contract as its code has it. */
export interface Coded {
  readonly service: string
  readonly contract: Contract
  readonly document: ContractDocument
  readonly projections: readonly AnyProjection[]
}

/** Contracts of the services of a landscape's folder, or of those named. */
export async function codedContracts(folder: string, only: readonly string[]): Promise<Coded[]> {
  const made = await Promise.all((await serviceFolders(folder)).map((name) => make(folder, name)))
  const unknown = only.find((name) => !made.some((one) => one.name === name))
  if (unknown !== undefined)
    throw new Ended(
      exitCode.usage,
      `Expected one of the services ${made.map(({ name }) => name).join(', ')}, got "${unknown}".`,
    )
  return made
    .filter(({ name }) => only.length === 0 || only.includes(name))
    .map(({ name, service }) => {
      const contract = wholeContract(name, service.facts)
      const document = contractDocument(contract, { inside: true })
      return { service: name, contract, document, projections: service.projections ?? [] }
    })
}

/** What is known of a service beside its code: what it served, who reads it, and what was let through. */
export interface Kept {
  /** Oldest first. */
  readonly contracts: readonly ContractDocument[]
  readonly readers: readonly KnownReader[]
  readonly overrides: readonly Override[]
}

export interface Override {
  readonly hash: string
  readonly who: string
  readonly why: string
  readonly at: string
  readonly changes: readonly Change[]
}

/** URL of a service's contract; undefined where the landscape does not have the service. */
export async function contractUrl({ url, json }: Connection, service: string): Promise<string | undefined> {
  const entry = await json<{ _links: { service: readonly { name: string; href: string }[] } }>(url)
  const home = [entry._links.service].flat().find(({ name }) => name === service)
  if (home === undefined) return undefined
  const homeUrl = new URL(home.href, url).href
  const { _links: links } = await json<{ _links: Record<string, { href: string }> }>(homeUrl)
  if (links.contract === undefined)
    throw new Ended(
      exitCode.missing,
      `Expected ${homeUrl} to link its contract, it does not. Does the token have events:read?`,
    )
  return new URL(links.contract.href, homeUrl).href
}

/** What a running landscape keeps of a service. */
export async function keptByLandscape(connection: Connection, service: string): Promise<Kept | undefined> {
  const url = await contractUrl(connection, service)
  if (url === undefined) return undefined
  const [served, register, through] = await Promise.all([
    connection.json<{ contracts: { contract: ContractDocument }[] }>(`${url}/served`),
    connection.json<{ readers: KnownReader[] }>(`${url}/readers`),
    connection.json<{ overrides: Override[] }>(`${url}/overrides`),
  ])
  return {
    contracts: served.contracts.map(({ contract }) => contract),
    readers: register.readers,
    overrides: through.overrides,
  }
}

const lockName = 'contract.lock.json'

/** `contract.lock.json`: what a check without a landscape is held to. */
export async function keptInFile(folder: string): Promise<Record<string, Kept> | undefined> {
  const path = join(folder, lockName)
  return existsSync(path) ? (JSON.parse(await readFile(path, 'utf8')) as Record<string, Kept>) : undefined
}

export async function keepInFile(folder: string, kept: Readonly<Record<string, Kept>>): Promise<void> {
  await writeFile(join(folder, lockName), `${JSON.stringify(kept, null, 2)}\n`)
}

/**
 * What the code changes about all that was served, without what somebody let through: that very change; or, once a contract that was
 * let through is served, what it changed about those before it. What differs from that contract itself is a change of its own.
 */
export function changesSince({ contracts, overrides }: Kept, { document }: Coded): Change[] {
  const through = new Set(overrides.flatMap(({ changes }) => changes.map((one) => `${placeOf(one)} ${one.sentence}`)))
  const accepted = new Set(overrides.map(({ hash }) => hash))
  const served = new Set(contracts.map(({ hash }) => hash))
  const settled = overrides.filter(({ hash }) => served.has(hash)).flatMap(({ changes }) => changes.map(placeOf))
  const since = contracts.findLastIndex(({ hash }) => accepted.has(hash))
  const recent = compareContracts(contracts.slice(Math.max(since, 0)), document).map(placeOf)
  return compareContracts(contracts, document).filter((change) => {
    const place = placeOf(change)
    return !through.has(`${place} ${change.sentence}`) && (recent.includes(place) || !settled.includes(place))
  })
}

const placeOf = ({ type, rule, breaks, at, version, reader }: Change) =>
  [type, rule, breaks, at, version, reader].join(' ')

const skipped = new Set(['node_modules', 'dist', '.git', '.headwater'])

/** Files below a folder that `contract pull` wrote, by relative path. */
export async function pulledFiles(folder: string, below = ''): Promise<string[]> {
  const entries = await readdir(join(folder, below), { withFileTypes: true })
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(below, entry.name)
      if (entry.isDirectory()) return skipped.has(entry.name) ? [] : await pulledFiles(folder, path)
      if (!entry.isFile() || !entry.name.endsWith('.ts')) return []
      return (await readFile(join(folder, path), 'utf8')).startsWith('// Contract of ') ? [path] : []
    }),
  )
  return found.flat().toSorted()
}
