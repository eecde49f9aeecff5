import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { type Command, Ended, exitCode, required } from '../command.ts'
import { connect, homeOf } from '../connection.ts'

interface Removal {
  readonly service: string
  readonly events: number
  readonly readers: readonly { readonly service: string; readonly consumer: string }[]
  readonly links: readonly { readonly service: string; readonly relation: string }[]
  readonly database: { readonly name: string; readonly bytes: number }
  readonly consumers: readonly string[]
  readonly projections: readonly string[]
  readonly experiments: readonly string[]
}

export const rmService: Command = {
  name: 'rm service',
  usage: 'NAME [--yes]',
  examples: ['headwater rm service reminders --yes'],
  async run(invocation) {
    const { output, options, cwd } = invocation
    const name = required(rmService, invocation, 0, 'the name of a service')
    const home = await homeOf(cwd)
    const { json } = await connect(invocation)
    const removal = await json<Removal>(`/removals/${name}`)
    const folder = home === undefined ? undefined : join(dirname(home), 'src', name)
    const files = folder !== undefined && existsSync(folder) ? await readdir(folder) : []
    output.say(listed(removal, folder === undefined ? [] : files.map((file) => relative(cwd, join(folder, file)))))
    if (removal.readers.length > 0) {
      throw new Ended(exitCode.found, `${name} is still read. Take these consumers away first.`)
    }
    const sure = options.yes === true || (await output.confirm(`Archive the log of ${name} and remove all of this?`))
    if (sure !== true) throw new Ended(exitCode.usage, 'Nothing was removed. Say --yes where nobody can be asked.')
    const removed = await json<Removal & { archive: { path: string; events: number } }>(`/removals/${name}`, {
      method: 'POST',
    })
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
    output.show(removed, () =>
      [
        `archived ${removed.archive.events} events in ${removed.archive.path}, and restored them elsewhere to see that it holds`,
        `removed the database and role ${removed.database.name}, ${files.length} files, ${removed.consumers.length} consumers with their checkpoints`,
        'left: what the lake holds of its history, and what readers copied',
      ].join('\n'),
    )
    return exitCode.ok
  },
}

function listed(
  { service, events, readers, links, database, consumers, projections, experiments }: Removal,
  files: readonly string[],
): string {
  const line = (what: string, things: readonly string[]) =>
    `  ${what.padEnd(12)}${things.length === 0 ? '(none)' : things.join(', ')}`
  return [
    `Removing ${service} takes:`,
    line('events', [`${events}, archived first`]),
    line('database', [`${database.name} (${Math.ceil(database.bytes / 1024)} KiB), and its role`]),
    line('consumers', consumers),
    line('projections', projections),
    line('experiments', experiments),
    line('files', files),
    'Who would miss it:',
    line(
      'readers',
      readers.map((reader) => `${reader.service}/${reader.consumer}`),
    ),
    line(
      'links',
      links.map((link) => `${link.service} → ${link.relation}`),
    ),
  ].join('\n')
}
