import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type ContractDocument, outsideOf } from '@headwater/contract'
import { asyncApi } from '@headwater/contract/export'
import { type Command, Ended, exitCode, required } from '../command.ts'
import { connect } from '../connection.ts'
import { contractUrl } from '../contracts.ts'

export const contractExport: Command = {
  name: 'contract export',
  usage: 'SERVICE [--format asyncapi|json] [--out FILE]',
  options: { format: { type: 'string', says: 'asyncapi or json' }, out: { type: 'string', says: 'file to write' } },
  examples: ['headwater contract export customers', 'headwater contract export customers --format json'],
  async run(invocation) {
    const { options, output, cwd } = invocation
    const service = required(contractExport, invocation, 0, 'the name of a service')
    const format = options.format ?? 'asyncapi'
    if (format !== 'asyncapi' && format !== 'json')
      throw new Ended(exitCode.usage, `Expected --format asyncapi or json, got "${String(format)}".`)
    const connection = await connect(invocation)
    const url = await contractUrl(connection, service)
    if (url === undefined)
      throw new Ended(exitCode.missing, `Expected a service of ${connection.url}, got "${service}".`)
    const contract = outsideOf(await connection.json<ContractDocument>(url))
    const said = format === 'json' ? contract : asyncApi(contract, { feed: new URL('events', url).href })
    const text = JSON.stringify(said, null, 2)
    if (options.out === undefined) output.print(text)
    else await writeFile(resolve(cwd, String(options.out)), `${text}\n`)
    return exitCode.ok
  },
}
