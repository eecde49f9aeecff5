import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { ContractDocument } from '@headwater/contract'
import { pulledFile } from '@headwater/contract/export'
import { type Command, Ended, exitCode, required } from '../command.ts'
import { connect } from '../connection.ts'
import { contractUrl } from '../contracts.ts'

export const contractPull: Command = {
  name: 'contract pull',
  usage: 'ENTRY SERVICE [TYPE@VERSION…] [--out FILE]',
  options: { out: { type: 'string', says: 'file to write' } },
  examples: [],
  async run(invocation) {
    const entry = required(contractPull, invocation, 0, 'the entry URL of a landscape')
    const service = required(contractPull, invocation, 1, 'the name of a service')
    const versions = Object.fromEntries(invocation.positionals.slice(2).map(versionOf))
    const connection = await connect({ ...invocation, options: { ...invocation.options, url: entry } })
    const url = await contractUrl(connection, service)
    if (url === undefined)
      throw new Ended(exitCode.missing, `Expected a service of ${connection.url}, got "${service}".`)
    const contract = await connection.json<ContractDocument>(url)
    const file = String(invocation.options.out ?? `${service}.contract.ts`)
    await writeFile(resolve(invocation.cwd, file), pulledFile(contract, connection.url, versions))
    invocation.output.show({ file, service, hash: contract.hash }, () => file)
    return exitCode.ok
  },
}

function versionOf(text: string): [type: string, version: number] {
  const [, type, version] = /^([A-Za-z0-9]+)@([1-9]\d{0,5})$/.exec(text) ?? []
  if (type === undefined)
    throw new Ended(exitCode.usage, `Expected a published version of a type, like Placed@2, got "${text}".`)
  return [type, Number(version)]
}
