import { schemaSql } from '@headwater/service/landscape'
import { dirname } from 'node:path'
import { type Command, Ended, exitCode, required } from '../command.ts'
import { homeOf } from '../connection.ts'
import { make, serviceFolders } from '../workshop.ts'

export const migrate: Command = {
  name: 'migrate',
  usage:
    'SERVICE --print [--role ROLE]   for a database whose owner is another: pipe it to `psql --single-transaction`',
  options: {
    print: { type: 'boolean', says: 'print the SQL; nothing is run' },
    role: { type: 'string', says: 'role that the service will connect as' },
  },
  examples: ['headwater migrate payments --print', 'headwater migrate payments --print --role payments_app'],
  async run(invocation) {
    const { options, output, cwd } = invocation
    const name = required(migrate, invocation, 0, 'the name of a service')
    if (options.print !== true) {
      throw new Ended(
        exitCode.usage,
        'A service that starts makes and migrates its own schema. Where its role may create nothing, say --print and run what is printed as the owner.',
      )
    }
    const home = await homeOf(cwd)
    const folder = home === undefined ? cwd : dirname(home)
    if (!(await serviceFolders(folder)).includes(name))
      throw new Ended(exitCode.missing, `Expected ${folder}/src/${name}/service.ts, found none.`)
    const { service } = await make(folder, name)
    const role = options.role === undefined ? {} : { role: String(options.role) }
    const sql = schemaSql(service, role)
    output.show({ service: name, sql }, () => sql)
    return exitCode.ok
  },
}
