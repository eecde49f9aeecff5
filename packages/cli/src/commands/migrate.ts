import { applySchema, schemaSql } from '@headwater/service/landscape'
import { dirname } from 'node:path'
import { type Command, Ended, exitCode, required } from '../command.ts'
import { homeOf } from '../connection.ts'
import { make, serviceFolders } from '../workshop.ts'

export const migrate: Command = {
  name: 'migrate',
  usage:
    'SERVICE --database URL | --print [--role ROLE]   a database whose owner is another than the service that runs on it',
  options: {
    database: { type: 'string', says: 'URL of the database, with its owner as user: makes or brings up to date' },
    print: { type: 'boolean', says: 'print the SQL, for `psql --single-transaction`; nothing is run' },
    role: { type: 'string', says: 'role that the service will connect as' },
  },
  examples: [
    'headwater migrate payments --database postgres://owner@localhost/payments',
    'headwater migrate payments --print --role payments_app',
  ],
  async run(invocation) {
    const { options, output, cwd } = invocation
    const name = required(migrate, invocation, 0, 'the name of a service')
    if ((options.print === true) === (options.database !== undefined)) {
      throw new Ended(
        exitCode.usage,
        'A service that starts makes and migrates its own schema. Where its role may create nothing, say --database URL with the owner as user, or --print and run what is printed.',
      )
    }
    const home = await homeOf(cwd)
    const folder = home === undefined ? cwd : dirname(home)
    if (!(await serviceFolders(folder)).includes(name))
      throw new Ended(exitCode.missing, `Expected ${folder}/src/${name}/service.ts, found none.`)
    const { service } = await make(folder, name)
    const role = options.role === undefined ? {} : { role: String(options.role) }
    if (options.database !== undefined) {
      await applySchema(service, String(options.database), role)
      output.show({ service: name, migrated: true, ...role }, () => `The database of ${name} is up to date.`)
      return exitCode.ok
    }
    const sql = schemaSql(service, role)
    output.show({ service: name, sql }, () => sql)
    return exitCode.ok
  },
}
