// The bank's contracts: AsyncAPI's own parser takes what they export, and dropping any published field names exactly those who read it.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Parser } from '@asyncapi/parser'
import { type ContractDocument, fieldsOf, outsideOf } from '@headwater/contract'
import { brokenBy, compareContracts, type KnownReader } from '@headwater/contract/compare'
import { asyncApi } from '@headwater/contract/export'
import { startLandscape } from '@headwater/service/landscape'
import { bank } from '../../apps/bank/src/index.ts'
import { report } from '../../bench/harness/report.ts'

const directory = await mkdtemp(join(tmpdir(), 'headwater-contract-'))
const name = `contract${process.pid}`
const landscape = await startLandscape(bank, {
  postgres: process.env.DATABASE_URL!,
  name,
  directory,
  lake: false,
  log: () => undefined,
})
const token = await landscape.issuer.sign({ subject: 'auditor', scopes: ['events:read', 'explore'] })
const get = async <T>(path: string): Promise<T> =>
  (await (await fetch(new URL(path, landscape.url), { headers: { authorization: `Bearer ${token}` } })).json()) as T

const expected = bank.flatMap(({ name: caller, consumers = [], experiments = [] }) => [
  ...consumers.flatMap((consumer) =>
    consumer.services.map(({ service, types }) => ({ service, types, reader: `${caller}/${consumer.name}` })),
  ),
  // Who has experiments follows their allocations.
  ...experiments
    .slice(0, 1)
    .map(() => ({ service: 'experiments', types: ['AllocationChanged'], reader: `${caller}/allocations` })),
])
/** Every consumer has declared itself: they do so as soon as the owner answers. */
const registers = new Map<string, readonly KnownReader[]>()
for (const deadline = Date.now() + 60_000; ;) {
  for (const { name: service } of bank)
    registers.set(service, (await get<{ readers: KnownReader[] }>(`/${service}/contract/readers`)).readers)
  const missing = expected.filter(({ service, reader }) => !registers.get(service)!.some((one) => one.name === reader))
  if (missing.length === 0) break
  if (Date.now() > deadline)
    throw new Error(`Expected every consumer to declare itself within a minute, missing: ${JSON.stringify(missing)}`)
  await landscape.settled()
}

const parser = new Parser()
const tally = { documents: 0, problems: 0, fields: 0, named: 0, wrong: 0 }
for (const { name: service } of bank) {
  const contract = outsideOf(await get<ContractDocument>(`/${service}/contract`))
  const document = asyncApi(contract, { feed: new URL(`/${service}/events`, landscape.url).href })
  const problems = (await parser.validate(JSON.stringify(document))).filter(
    ({ severity }: { severity: number }) => severity === 0,
  )
  for (const problem of problems) console.error(service, problem.path.join('/'), problem.message)
  tally.documents += 1
  tally.problems += problems.length
  for (const [type, { published = {} }] of Object.entries(contract.types)) {
    for (const [version, schema] of Object.entries(published)) {
      for (const field of fieldsOf(schema).filter((pointer) => /^\/[^/]+$/.test(pointer)))
        dropField(service, contract, { type, version, schema, field })
    }
  }
}

function dropField(
  service: string,
  contract: ContractDocument,
  at: { type: string; version: string; schema: any; field: string },
): void {
  const { type, version, schema, field } = at
  const { [field.slice(1)]: _, ...properties } = schema.properties ?? {}
  const changed = {
    ...schema,
    properties,
    required: (schema.required ?? []).filter((one: string) => `/${one}` !== field),
  }
  const now = {
    ...contract,
    types: { ...contract.types, [type]: { ...contract.types[type]!, published: { [version]: changed } } },
  }
  const broken = compareContracts(contract, now).flatMap((change) => brokenBy(change, registers.get(service)!))
  const named = new Set(broken.filter(({ declared }) => declared).map(({ reader }) => reader))
  const readers = expected
    .filter((one) => one.service === service && one.types.includes(type))
    .map(({ reader }) => reader)
  tally.fields += 1
  tally.named += named.size
  if ([...named].toSorted().join() !== [...new Set(readers)].toSorted().join()) {
    tally.wrong += 1
    console.error(`${service} ${type} ${field}: named ${[...named].join(', ')}; expected ${readers.join(', ')}`)
  }
}

const services = [...landscape.services.keys()]
for (const service of services) await landscape.unmount(service, { discard: true })
await landscape.stop()
await rm(directory, { recursive: true, force: true })
report(
  [
    {
      name: 'AsyncAPI documents, problems its parser finds',
      value: `${tally.documents}, ${tally.problems}`,
      goal: '0 problems',
      met: tally.documents > 0 && tally.problems === 0,
    },
    {
      name: 'published fields dropped, readers named',
      value: `${tally.fields}, ${tally.named}`,
      goal: 'some',
      met: tally.named > 0,
    },
    { name: 'a reader too many or too few', value: String(tally.wrong), goal: '0', met: tally.wrong === 0 },
  ],
  `${tally.fields} fields dropped, ${tally.named} times a reader named, ${tally.wrong} wrong`,
)
