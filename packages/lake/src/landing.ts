import { setTimeout as delay } from 'node:timers'
import type { Cursor, SourcePage } from '@headwater/consumer'
import { type Bodies, type Body, grown, namesOf } from './body.ts'
import { compact, crowded } from './compaction.ts'
import type { Catalogue } from './catalogue.ts'
import { type Action, protocol } from './delta/actions.ts'
import type { DeltaLog } from './delta/log.ts'
import { schemaString } from './delta/schema.ts'
import { contentsOf, positionsOf, positionTxn, type Snapshot } from './delta/snapshot.ts'
import { followed, formerLogs, logOf } from './lineages.ts'
import type { Engine } from './engine.ts'
import { rowOf, unitOf } from './event-row.ts'
import { LakeError } from './failure.ts'
import type { Files } from './files.ts'
import type { Scratch } from './scratch.ts'
import { text, texts } from './sql.ts'
import { type Batch, batchOf, packed, Tail } from './tail.ts'
import { cutSegments } from './cutting.ts'
import { vacuum } from './vacuum.ts'
import { writeSegment } from './segment.ts'
import { randomUUID } from 'node:crypto'

/** When the tail is sealed: at whichever comes first. */
export interface SealOptions {
  readonly events: number
  readonly bytes: number
  readonly afterMs: number
}

export interface Landed {
  /** Events that were new. */
  readonly landed: number
  /** Position landed up to, by now. */
  readonly position: number
}

interface LandingOptions {
  readonly log: DeltaLog
  readonly files: Files
  readonly scratch: Scratch
  readonly engine: Engine
  readonly catalogue: Catalogue
  readonly units: readonly string[]
  readonly seal: SealOptions
  readonly compact: boolean
  /** How long files that are no longer needed are kept for readers of older versions. */
  readonly keepMs: number
  readonly onTrouble: (error: unknown) => void
  /** What was asked of the tail of a service so far is void. */
  readonly onFork: (service: string) => void
  readonly now: () => number
}

/** Takes pages in, in order and once, and seals them. */
export class Landing {
  readonly tail = new Tail()
  readonly #on: LandingOptions
  /** Last event landed here, and the lineage it came from, by service. */
  readonly #last = new Map<string, Cursor>()
  readonly #landed = new Map<string, number>()
  /** Position in the table, and the lineage it belongs to, by service, as last seen. */
  readonly #sealed = new Map<string, { readonly position: number; readonly log: string | undefined }>()
  #sealing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #compacting: Promise<unknown> | undefined
  #failure: unknown

  constructor(on: LandingOptions) {
    this.#on = on
    this.#follow(on.log.snapshot)
  }

  /** Position landed up to, sealed or not, by service. */
  get positions(): ReadonlyMap<string, number> {
    return this.#landed
  }

  /** Reads what others have sealed. */
  async refresh(): Promise<Snapshot> {
    this.#follow(await this.#on.log.refresh())
    return this.#on.log.snapshot
  }

  async land(page: SourcePage, service: string): Promise<Landed> {
    this.#fail()
    const position = this.#landed.get(service) ?? 0
    this.#join(page, service, position)
    const events = page.events.filter((event) => event.position > position)
    if (page.to > position) {
      const { catalogue, units } = this.#on
      catalogue.count(service, { after: position, to: page.to }, events)
      this.tail.add({
        service,
        log: page.log,
        to: page.to,
        positions: events.map((event) => event.position),
        types: events.map(({ type }) => type),
        ...packed(
          events.map((event) => rowOf(service, event, unitOf(event, units, catalogue.keyOf(service, event.type)))),
        ),
      })
      this.#landed.set(service, page.to)
      const last = events.at(-1) ?? this.#last.get(service)
      if (last !== undefined) this.#last.set(service, { log: page.log, position: last.position, id: last.id })
    }
    await this.#soon()
    return { landed: events.length, position: Math.max(page.to, position) }
  }

  /** Where to read on; undefined before the first event. */
  async cursor(service: string): Promise<Cursor | undefined> {
    const last = this.#last.get(service)
    if (last !== undefined || !this.#landed.has(service)) return last
    const { snapshot } = this.#on.log
    const files = [...snapshot.files.values()]
      .filter((add) => contentsOf(add).ranges[service] !== undefined)
      .map(({ path }) => this.#on.files.address(path))
    if (files.length === 0) return undefined
    const [row] = await this.#on.engine.rows(
      `select position, id from read_parquet(${texts(files)}) where service = ${text(service)} order by position desc limit 1`,
    )
    if (row === undefined) return undefined
    return { log: this.#logOf(service) ?? '', position: Number(row.position), id: row.id as string }
  }

  /** Seals all that has landed so far. */
  async seal(): Promise<void> {
    while (this.tail.chunks.length > 0) {
      this.#sealing ??= this.#seal().finally(() => (this.#sealing = undefined))
      await this.#sealing
    }
  }

  /** Stops sealing by itself; what is not sealed is landed again next time. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#sealing?.catch(() => {})
    await this.#compacting
  }

  #join(page: SourcePage, service: string, position: number): void {
    if (page.from > position + 1)
      throw new LakeError(
        'HW_LAKE_GAP',
        `Expected a page of ${service} that goes on from position ${position}, got ${page.from} to ${page.to}. Read on from the lake's own cursor.`,
      )
    let before = page.from - 1
    for (const event of page.events) {
      if (!(event.position > before) || event.position > page.to)
        throw new LakeError(
          'HW_LAKE_PAGE',
          `Expected events of ${service} in order from ${before + 1} to ${page.to}, got position ${event.position}. Mend the source.`,
        )
      before = event.position
    }
    const { metaData } = this.#on.log.snapshot
    const known = this.#last.get(service)?.log ?? logOf(metaData, service)
    // A server of the former lineage that is still up must not take the table back to where the log forked from.
    const isFormer = formerLogs(metaData, service).includes(page.log)
    if (known !== undefined && known !== page.log && (isFormer || page.from !== position + 1))
      throw new LakeError(
        'HW_LAKE_LOG',
        `Expected a page of ${service} from log ${known}, got one of ${page.log} that ${isFormer ? 'is its former lineage' : 'overlaps what has landed'}. Read on from the lake's own cursor.`,
      )
  }

  #logOf(service: string): string | undefined {
    return logOf(this.#on.log.snapshot.metaData, service)
  }

  #follow(snapshot: Snapshot): void {
    const sealed = positionsOf(snapshot)
    for (const [service, position] of sealed) {
      const log = this.#logOf(service)
      const left = this.#isLeft(service, position, log)
      this.#sealed.set(service, { position, log })
      if (left) this.#giveUp(service)
      if (position <= (this.#landed.get(service) ?? 0)) continue
      this.#landed.set(service, position)
      // Landed by another process: which event is the last has to be looked up.
      if (this.#last.get(service)?.position !== position || this.#last.get(service)?.log !== log)
        this.#last.delete(service)
    }
    this.tail.drop(sealed)
  }

  /** The table went back, or on with a lineage that was not landed here: what is in memory belongs to a log that goes on no more. */
  #isLeft(service: string, position: number, log: string | undefined): boolean {
    const before = this.#sealed.get(service)
    if (position < (before?.position ?? 0)) return true
    return this.#landed.has(service) && log !== before?.log && log !== this.#last.get(service)?.log
  }

  /** Lets go of all of a service that is not in the table; it is landed again from there. */
  #giveUp(service: string): void {
    this.tail.forget(service)
    this.#last.delete(service)
    this.#landed.set(service, this.#sealed.get(service)?.position ?? 0)
    this.#on.onFork(service)
  }

  /**
   * The log of a service went on as another lineage: takes what lies beyond the last shared event out of the table, so that the
   * new lineage's events land in its place, and gives up what is in memory, to be landed again under the new name.
   */
  async fork(service: string, to: Cursor): Promise<void> {
    // Before anything is awaited: what is being sealed meanwhile goes into the table before the cut, or finds nothing left to seal.
    this.#giveUp(service)
    await this.#sealing?.catch(() => {})
    for (;;) {
      const snapshot = await this.refresh()
      const beyond = (positionsOf(snapshot).get(service) ?? 0) > to.position
      // Nothing of the service yet; or another process has made the same cut.
      if (!positionsOf(snapshot).has(service) || this.#logOf(service) === to.log) break
      if (await this.#cut(snapshot, service, to, beyond)) break
    }
    this.#follow(this.#on.log.snapshot)
  }

  /** Writes the lineage also where nothing lies beyond: a process that is about to seal the former one must find that it came too late. */
  async #cut(snapshot: Snapshot, service: string, to: Cursor, beyond: boolean): Promise<boolean> {
    const none = { removed: [], added: [] }
    const { removed, added } = beyond ? await cutSegments(this.#on, snapshot, service, to.position) : none
    const now = this.#on.now()
    const metaData = {
      ...snapshot.metaData!,
      configuration: followed(snapshot.metaData!.configuration, service, to.log),
    }
    const actions = [
      { commitInfo: { timestamp: now, operation: 'DELETE', engineInfo: 'headwater' } },
      { metaData },
      ...(beyond ? [positionTxn(service, to.position, now)] : []),
      ...removed.map(({ path }) => ({ remove: { path, deletionTimestamp: now, dataChange: true } })),
      ...added.map((add) => ({ add })),
    ]
    if (await this.#on.log.commit(snapshot, actions)) return true
    for (const { path } of added) await this.#on.files.remove(path)
    return false
  }

  /** Sees to it that the tail is sealed in time; waits where it has grown far beyond that. */
  async #soon(): Promise<void> {
    const { events, bytes, afterMs } = this.#on.seal
    if (this.tail.events >= events || this.tail.bytes >= bytes) this.#start()
    else if (this.#timer === undefined && this.tail.chunks.length > 0) {
      this.#timer = delay(() => this.#start(), afterMs)
      this.#timer.unref()
    }
    while (this.#sealing !== undefined && (this.tail.events >= events * 3 || this.tail.bytes >= bytes * 3)) {
      await this.#sealing.catch(() => {})
      this.#fail()
    }
  }

  #start(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#sealing !== undefined) return
    this.#sealing = this.#seal()
      .catch((error: unknown) => {
        this.#failure = error
      })
      .finally(() => {
        this.#sealing = undefined
        if (this.#failure === undefined) void this.#soon()
      })
  }

  /** The next to land learns why sealing failed; then it is tried again. */
  #fail(): void {
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined)
      throw new LakeError(
        'HW_LAKE_SEAL',
        `The newest events could not be sealed and stay in memory: ${String(failure)}`,
        { cause: failure },
      )
  }

  async #seal(): Promise<void> {
    const upTo = this.tail.chunks.at(-1)?.sequence ?? 0
    for (;;) {
      const { snapshot } = this.#on.log
      const chunks = this.tail.chunks.filter(({ sequence }) => sequence <= upTo)
      const batch = batchOf(chunks, positionsOf(snapshot))
      if (batch.positions.size === 0) break
      const bodies = this.#bodies(snapshot, batch)
      const add = batch.rows.length === 0 ? undefined : await writeSegment(this.#on, batch.rows, batch.contents, bodies)
      if (await this.#on.log.commit(snapshot, this.#actions(snapshot, batch, bodies, add ? [{ add }] : []))) break
      if (add !== undefined) await this.#on.files.remove(add.path)
      await this.refresh()
    }
    this.#follow(this.#on.log.snapshot)
    await this.#on.files.put('_headwater/catalogue.json', this.#on.catalogue.kept())
    if (this.#on.compact) this.#compact()
  }

  /** Beside landing, one at a time. A failure costs nothing but the joining, which is tried again after a later seal. */
  #compact(): void {
    const segments = crowded(this.#on.log.snapshot)
    if (segments.length === 0 || this.#compacting !== undefined) return
    this.#compacting = compact(this.#on, segments)
      .then(() => vacuum(this.#on, this.#on.keepMs))
      .catch(this.#on.onTrouble)
      .then(() => (this.#compacting = undefined))
  }

  /** The table's bodies, with room for what the batch holds. */
  #bodies(snapshot: Snapshot, { contents }: Batch): Bodies {
    const bodies = new Map(snapshot.bodies)
    const taken = new Set([...bodies.values()].map(({ column }) => column.toLowerCase()))
    for (const key of Object.keys(contents.types)) {
      const of = namesOf(key)
      const body: Body | undefined = grown(
        bodies.get(key),
        of,
        this.#on.catalogue.kinds(of.service, of.type),
        (column) => taken.has(column.toLowerCase()),
      )
      if (body === undefined) continue
      bodies.set(key, body)
      taken.add(body.column.toLowerCase())
    }
    return bodies
  }

  #actions(snapshot: Snapshot, batch: Batch, bodies: Bodies, adds: readonly Action[]): Action[] {
    const now = this.#on.now()
    const schema = schemaString(bodies)
    let configuration = snapshot.metaData?.configuration ?? {}
    for (const [service, log] of batch.logs) configuration = followed(configuration, service, log)
    const same =
      schema === snapshot.metaData?.schemaString &&
      JSON.stringify(configuration) === JSON.stringify(snapshot.metaData.configuration)
    const metaData = {
      id: randomUUID(),
      format: { provider: 'parquet' as const, options: {} },
      partitionColumns: [],
      createdTime: now,
      ...snapshot.metaData,
      schemaString: schema,
      configuration,
    }
    return [
      { commitInfo: { timestamp: now, operation: 'WRITE', engineInfo: 'headwater' } },
      ...(snapshot.version === -1 ? [{ protocol }] : []),
      ...(same ? [] : [{ metaData }]),
      ...[...batch.positions].map(([service, position]) => positionTxn(service, position, now)),
      ...adds,
    ]
  }
}
